/**
 * The commands of `sentiment`, their options and their help. What a command does stands in the file of its name, which
 * is loaded only when it is called, so that --help costs nothing.
 */
import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { usageError } from '../errors.ts';
import { paths } from '../stages/paths.ts';

const FORMATS = ['csv', 'tsv', 'jsonl'];

const RUN = 'npm run -s sentiment --';

/** Settings come from the project's own params.yaml, wherever the program is called from. */
const PARAMS = resolve(import.meta.dirname, '../..', paths.params);

/** Runs one command line. Throws usage errors (exit code 2) for what is called wrongly, and what the command throws. */
export async function runProgram(args: string[]): Promise<void> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    // Called without a command: commander has shown the help on stderr.
    if (error.code === 'commander.help') process.exitCode = 2;
    else throw asUsageError(error, program, args[0]);
  }
}

function asUsageError(error: CommanderError, program: Command, name: string) {
  const known = program.commands.some((command) => command.name() === name);
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return usageError('USAGE', message, `see ${RUN} ${known ? `${name} ` : ''}--help`);
}

export function createProgram(): Command {
  const program = new Command('sentiment')
    .description('Sentiment of English texts: learn it from labelled texts, predict it, explain it.')
    .version(packageJson.version)
    .exitOverride()
    // What goes wrong is said once, by runMain.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', `\nEach command explains itself: ${RUN} predict --help`);

  labelledSource(program.command('train'))
    .description('Learns a model from labelled texts and writes it to one file.')
    .requiredOption('--out <file>', 'model file to write')
    .action(async (options) => (await import('./train.ts')).train(options))
    .addHelpText(
      'after',
      examples(
        'train --data reviews.csv --out my.model',
        'train --data reviews.tsv --text-column review --label-column stars --positive 4 5 --negative 1 2 --neutral 3 --out my.model',
        'train --data reviews.jsonl --params my-params.yaml --out my.model',
      ),
    );

  labelledSource(program.command('evaluate'))
    .description('Measures by cross-validation what params.yaml makes of labelled texts: mean and standard error.')
    .option('--cv <folds>', 'number of folds', wholeNumber(2, 255), 5)
    .option('--json', 'print JSON in place of a table')
    .action(async (options) => (await import('./evaluate.ts')).evaluate(options))
    .addHelpText(
      'after',
      examples(
        'evaluate --cv 5',
        'evaluate --data reviews.csv --text-column review --label-column stars --positive 4 5 --negative 1 2 --neutral 3',
        'evaluate --data embedded:amazon --json > amazon.json',
      ),
    );

  withModel(program.command('predict'))
    .description('Predicts the label of a text, of each line of stdin, or of each row of a table.')
    .argument('[text]', 'the text; left out, texts are read from stdin, one a line')
    .option('--data <file>', 'table of texts: .csv, .tsv or .jsonl, also with .gz; - is stdin')
    .addOption(new Option('--format <name>', 'what --data is, when its name does not tell').choices(FORMATS))
    .option('--text-column <name>', 'column or field of the table that holds the text', 'text')
    .option('--out <file>', 'table to write: .csv, .tsv or .jsonl; left out, stdout in the format of --data')
    .option('--prefix <text>', 'put before the names of the added columns, label and probability', '')
    .action(async (text, options) => (await import('./predict.ts')).predict(text, options))
    .addHelpText(
      'after',
      `
Rows keep their order and their columns; label (positive or negative) and probability (of positive, 0 to 1) are added.
A row whose text is empty keeps both empty. A text argument or stdin gives lines: label, probability, text, with tabs.
${examples(
  'predict "a film to remember"',
  'predict --data reviews.csv --text-column review --out predicted.csv',
  'predict --data labelled.csv --prefix predicted_ --out compared.jsonl',
  'predict < one-text-a-line.txt',
  'predict --data - --format jsonl < reviews.jsonl | head',
)}`,
    );

  withModel(program.command('explain'))
    .description('Shows how much each word moved the prediction, in log-odds.')
    .argument('<text>', 'the text')
    .option('--top <count>', 'show only so many words, the strongest', wholeNumber(1, 100_000), 40)
    .option('--json', 'print the explanation as JSON, with offsets of the words')
    .action(async (text, options) => (await import('./explain.ts')).explain(text, options))
    .addHelpText(
      'after',
      examples('explain "not bad at all"', 'explain --model my.model --json "slow, but worth the wait"'),
    );

  withModel(program.command('export'))
    .description('Writes a model as the JSON that the npm package ml-logistic-regression loads.')
    .option('--out <file>', 'JSON file to write; left out, stdout')
    .action(async (options) => (await import('./export.ts')).exportJson(options))
    .addHelpText('after', examples('export --out model.json', 'export --model my.model > model.json'));

  withModel(program.command('serve'))
    .description('Serves a model over HTTP: a page, POST /predict, metrics. The same as node service/main.ts.')
    .option('--port <number>', 'port to listen on; 0 takes any free one (PORT, else 8080)', wholeNumber(0, 65_535))
    .option('--host <address>', 'address to listen on (HOST, else 127.0.0.1)')
    .action(async (options) => (await import('./serve.ts')).serve(options))
    .addHelpText(
      'after',
      `
The service's other settings are environment variables: node service/main.ts --help
${examples('serve', 'serve --model my.model --port 9000')}`,
    );

  return program;
}

function labelledSource(command: Command): Command {
  return command
    .option('--data <source>', 'CSV, TSV or JSONL file or address, or another source as in params.yaml (its own)')
    .option('--text-column <name>', "column of the text (params.yaml's text_column)")
    .option('--label-column <name>', "column of the label (params.yaml's label_column)")
    .option('--rating-column <name>', 'column of a number whose sign is the label')
    .option('--positive <labels...>', "labels that mean positive (params.yaml's positive_labels)")
    .option('--negative <labels...>', "labels that mean negative (params.yaml's negative_labels)")
    .option('--neutral <labels...>', "labels to leave out (params.yaml's neutral_labels)")
    .addOption(new Option('--params <file>', 'settings of the model').default(PARAMS, "the project's params.yaml"));
}

function withModel(command: Command): Command {
  return command.option('--model <file>', 'model file', paths.model);
}

function examples(...calls: string[]): string {
  return `\nExamples:\n${calls.map((call) => `  ${RUN} ${call}`).join('\n')}`;
}

function wholeNumber(least: number, most: number) {
  return (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
