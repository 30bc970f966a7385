import { describe, expect, test } from 'vitest';
import { runProgram } from './command_line.ts';
import { createProgram } from './program.ts';

const RUN = 'npm run -s sentiment -- ';

/** What --help of a command prints. */
function helpOf(name: string): string {
  const command = createProgram().commands.find((one) => one.name() === name);
  let help = '';
  const writeOut = (text: string) => {
    help += text;
  };
  command?.configureOutput({ writeOut }).outputHelp();
  return help;
}

/** The words of a shell line up to a < > or |. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const end = words.findIndex((word) => ['<', '>', '|'].includes(word));
  return end < 0 ? words : words.slice(0, end);
}

/** Parses a call without running the command. */
function parse(words: string[]): { name: string; options: Record<string, unknown>; args: string[] } {
  const program = createProgram();
  let called = { name: '', options: {}, args: [] as string[] };
  for (const command of program.commands) {
    command.action(() => {
      called = { name: command.name(), options: command.opts(), args: command.args };
    });
  }
  program.parse(words, { from: 'user' });
  return called;
}

const names = createProgram().commands.map((command) => command.name());

test('there are nine commands', () => {
  const all = ['train', 'evaluate', 'doubt', 'predict', 'batch', 'explain', 'export', 'serve', 'rollback-model'];
  expect(names).toEqual(all);
});

describe.each(names)('%s', (name) => {
  const examples = helpOf(name)
    .split('\n')
    .filter((line) => line.startsWith(`  ${RUN}`));

  test('has examples in its help', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)('%s is a valid call', (example) => {
    expect(parse(wordsOf(example.slice(2 + RUN.length))).name).toBe(name);
  });
});

test('lists of labels end at the next option', () => {
  const { options } = parse(['train', '--positive', '4', '5', '--negative', '1', '--data', 'a.csv', '--out', 'm']);
  expect(options).toMatchObject({ positive: ['4', '5'], negative: ['1'], data: 'a.csv', out: 'm' });
});

test('a text after -- may start with a dash', () => {
  expect(parse(['explain', '--', '-- never again']).args).toEqual(['-- never again']);
});

test.each([
  [['predcit'], "unknown command 'predcit'", RUN],
  [['train'], "required option '--out <file>'", 'train --help'],
  [['evaluate', '--cv', '1'], 'a whole number from 2 to 255', 'evaluate --help'],
  [['evaluate', '--cv', '5.5'], 'a whole number from 2 to 255', 'evaluate --help'],
  [['explain'], "missing required argument 'text'", 'explain --help'],
  [['explain', 'two', 'texts'], 'too many arguments', 'explain --help'],
  [['predict', '--format', 'xml'], 'csv, tsv, jsonl', 'predict --help'],
  [['serve', '--port', '65536'], 'a whole number from 0 to 65535', 'serve --help'],
])('%j is refused, with a pointer to the help', async (args, message, next) => {
  await expect(runProgram(createProgram(), args)).rejects.toMatchObject({
    code: 'USAGE',
    exitCode: 2,
    message: expect.stringContaining(message),
    next: expect.stringContaining(next),
  });
});

test.each([
  ['train', '--out', 'a', 'b'],
  ['predict', '--data', 'a.csv', 'a.csv'],
  ['serve', '--port', '1', '2'],
])('%s with %s twice is refused and shows both values', async (command, option, first, second) => {
  await expect(runProgram(createProgram(), [command, option, first, option, second])).rejects.toMatchObject({
    code: 'OPTION_TWICE',
    exitCode: 2,
    message: `${option} is given twice: "${first}" and "${second}"`,
  });
});
