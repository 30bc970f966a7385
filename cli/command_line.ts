/** What the commands of `sentiment` share: options, checks of them, and how a wrong call becomes a sentence. */
import { resolve } from 'node:path';
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { usageError } from '../ml/errors.ts';
import { paths } from '../ml/stages/paths.ts';

export const FORMATS = ['csv', 'tsv', 'jsonl'];

export const RUN = 'npm run -s sentiment --';

/** The project's own, whatever the current folder is. */
export const PARAMS = resolve(import.meta.dirname, '..', paths.params);

/** Runs one command line of `program`. Throws a usage error (exit code 2) for a wrong call, and what the command throws. */
export async function runProgram(program: Command, args: string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    // Called without a command: commander has already printed the help to stderr.
    if (error.code === 'commander.help') process.exitCode = 2;
    else throw asUsageError(error, program, args[0]);
  }
}

function asUsageError(error: CommanderError, program: Command, name: string) {
  const known = program.commands.some((command) => command.name() === name);
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return usageError('USAGE', message, `see ${RUN} ${known ? `${name} ` : ''}--help`);
}

/** An option that takes one value and is given twice is an error: otherwise the first value would be lost in silence. */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) {
    if (!option.required || option.variadic) continue;
    let first: string | undefined;
    command.on(`option:${option.name()}`, (value: string) => {
      if (first !== undefined) {
        throw usageError(
          'OPTION_TWICE',
          `${option.long} is given twice: ${JSON.stringify(first)} and ${JSON.stringify(value)}`,
          `give it once; see ${RUN} ${command.name()} --help`,
        );
      }
      first = value;
    });
  }
}

export function reading(command: Command): Command {
  return command
    .optionsGroup('How the table is read (docs/data.md):')
    .option('--encoding <name>', 'encoding of the table, such as windows-1252 (default: detected, else utf-8)')
    .option('--delimiter <character>', 'character between cells, or tab (default: detected, else by the format)')
    .option('--quote <character>', 'character around cells, or none (default: ")')
    .option('--escape <character>', 'character that makes a quote in a cell a letter, or none (default: detected)')
    .option('--header <names>', 'first line of the table: first (the header), none, or the names of its columns: a,b,c')
    .optionsGroup('Options:');
}

export function labelledSource(command: Command): Command {
  return reading(command)
    .option(
      '--data <source>',
      "file of CSV, TSV or JSON, its URL, or any source that params.yaml allows (default: params.yaml's)",
    )
    .option(
      '--text-column <names...>',
      "column of the text; several are joined by a sentence end (default: params.yaml's text_column)",
    )
    .option('--label-column <name>', "column of the label (default: params.yaml's label_column)")
    .option('--rating-column <name>', 'column of a number that decides the class, by its sign where there are two')
    .option('--classes <names...>', 'names of the classes in their order, such as negative neutral positive')
    .option('--rating-cuts <numbers...>', 'ratings between one class and the next', numbers)
    .option('--neutral-band <number>', 'ratings this close to zero are neutral', number)
    .option('--positive <labels...>', "labels that mean positive (default: params.yaml's positive_labels)")
    .option('--negative <labels...>', "labels that mean negative (default: params.yaml's negative_labels)")
    .option('--neutral <labels...>', "labels that mean neutral (default: params.yaml's neutral_labels)")
    .addOption(
      new Option('--params <file>', 'file with the settings of the model').default(PARAMS, "the project's params.yaml"),
    );
}

export function withModel(command: Command): Command {
  return command.option(
    '--model <file>',
    `model file (default: the version in Production, else the project's ${paths.model})`,
  );
}

export function examples(...calls: string[]): string {
  return `\nExamples:\n${calls.map((call) => `  ${RUN} ${call}`).join('\n')}`;
}

function number(value: string): number {
  const given = Number(value);
  if (value.trim() !== '' && Number.isFinite(given)) return given;
  throw new InvalidArgumentError('Expected a number.');
}

function numbers(value: string, before: number[] | undefined): number[] {
  return [...(before ?? []), number(value)];
}

export function wholeNumber(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
