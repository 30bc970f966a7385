/** The program `sentiment` on real files: what it writes, what it says, how it ends, and what it leaves behind. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import LogisticRegression from 'ml-logistic-regression';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CliResult, runCli, startCli } from './support/cli.ts';

const root = resolve(import.meta.dirname, '..');
const top = mkdtempSync(join(tmpdir(), 'sentiment-cli-'));
const model = join(top, 'reviews.model');
let folder: string;

const PRAISE = [
  'a warm and funny film',
  'great cast and a clever plot',
  'a joy from start to end',
  'wonderful and moving',
];
const BLAME = ['a dull and tired film', 'poor cast and a silly plot', 'a bore from start to end', 'awful and empty'];

/** Labelled texts that differ from one another: 40 of each class. */
function reviewsCsv(header = 'id,text,label'): string {
  const rows = Array.from({ length: 40 }, (_, i) => [
    `p${i},"${PRAISE[i % 4]}, number ${i}",positive`,
    `n${i},"${BLAME[i % 4]}, number ${i}",negative`,
  ]);
  return [header, ...rows.flat(), ''].join('\n');
}

function file(name: string, content: string | Uint8Array = ''): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function expectFailure(result: CliResult, code: number, ...words: string[]): void {
  expect(result.stderr).not.toContain('    at ');
  for (const word of words) expect(result.stderr).toContain(word);
  expect(result.code).toBe(code);
}

beforeAll(async () => {
  const data = join(top, 'reviews.csv');
  writeFileSync(data, reviewsCsv());
  const result = await runCli(['train', '--data', data, '--out', model]);
  expect(result.stderr).toContain('80 read, 80 kept');
  expect(result.code).toBe(0);
});

beforeEach(() => {
  folder = mkdtempSync(join(top, 'test-'));
});

afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('train', () => {
  test('the same data give the same file', async () => {
    const out = join(folder, 'again.model');
    await runCli(['train', '--data', join(top, 'reviews.csv'), '--out', out]);
    expect(readFileSync(out).equals(readFileSync(model))).toBe(true);
  });

  test('columns and labels may have any name', async () => {
    const stars = reviewsCsv('key,review,stars').replaceAll(',positive', ',5').replaceAll(',negative', ',1');
    const data = file('stars.csv', `${stars}x,neither here nor there,3\n`);
    const out = join(folder, 'stars.model');
    const columns = ['--text-column', 'review', '--label-column', 'stars'];
    const labels = ['--positive', '4', '5', '--negative', '1', '2', '--neutral', '3'];
    const result = await runCli(['train', '--data', data, ...columns, ...labels, '--out', out]);
    expect(result.stderr).toContain('81 read, 80 kept, 1 left out');
    expect((await runCli(['predict', '--model', out, 'wonderful and moving'])).stdout).toMatch(/^positive\t/);
  });

  test('settings can come from another params.yaml', async () => {
    const params = readFileSync(join(root, 'params.yaml'), 'utf8').replace('ngrams: [1, 2]', 'ngrams: [1, 1]');
    const out = join(folder, 'words.model');
    const args = ['train', '--data', join(top, 'reviews.csv'), '--params', file('own.yaml', params), '--out', out];
    expect((await runCli(args)).code).toBe(0);
    expect(readFileSync(out).length).toBeLessThan(readFileSync(model).length);
  });

  test.each([
    ['broken quotes', 'text,label\n"dull" film,negative\n', 1, ['bad.csv:2', '"text"', 'CSV_QUOTES']],
    ['an empty file', '', 1, ['bad.csv is empty']],
    ['a header and no rows', 'text,label\n', 1, ['holds no texts']],
    ['one class only', 'text,label\nfine,positive\ngreat,positive\n', 2, ['all 2 usable texts', 'positive']],
    ['a missing column', 'review,label\nfine,positive\n', 2, ['no column "text"', '"review"']],
    ['labels nobody has named', 'text,label\nfine,yes\ndull,no\n', 1, ['bad.csv:2', '"yes"', 'positive_labels']],
    ['a NUL character', 'text,label\nfi\0ne,positive\ndull,negative\n', 1, ['bad.csv:2', 'NUL']],
  ])('%s is an error with its place, and leaves no model', async (_, content, code, words) => {
    const out = join(folder, 'x.model');
    expectFailure(await runCli(['train', '--data', file('bad.csv', content), '--out', out]), code, ...words);
    expect(readdirSync(folder)).toEqual(['bad.csv']);
  });

  test('Ctrl-C while it reads leaves nothing behind', async () => {
    const downloads = join(root, '.local/downloads');
    const temporary = () => readdirSync(downloads).filter((name) => name.startsWith('reviews-'));
    const pipe = join(folder, 'pipe.csv');
    execFileSync('mkfifo', [pipe]);
    const child = startCli(['train', '--data', pipe, '--out', join(folder, 'x.model')]);
    // Opening a pipe waits for its reader; that it is read to here shows that the reader is at work.
    const writer = createWriteStream(pipe);
    await new Promise((resolve) => writer.write(reviewsCsv().repeat(100), resolve));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
    writer.destroy();
    expect([temporary(), readdirSync(folder)]).toEqual([[], ['pipe.csv']]);
  });

  test('the data are never overwritten by the model', async () => {
    const data = file('reviews.csv', reviewsCsv());
    expectFailure(await runCli(['train', '--data', data, '--out', data]), 2, 'OUT_IS_INPUT');
    expect(readFileSync(data, 'utf8')).toBe(reviewsCsv());
  });
});

describe('evaluate', () => {
  test('prints mean and standard error of every measure, and a line for each fold', async () => {
    const result = await runCli(['evaluate', '--data', join(top, 'reviews.csv'), '--cv', '4']);
    expect(result.stdout).toContain('4-fold cross-validation');
    expect(result.stdout).toMatch(/^accuracy +\d\.\d{4} +\d\.\d{4}$/m);
    expect(result.stdout).toMatch(/^roc_auc +\d\.\d{4} +\d\.\d{4}$/m);
    expect(result.stderr).toContain('fold 4 of 4');
    expect(result.code).toBe(0);
  });

  test('--json gives all folds', async () => {
    const { stdout } = await runCli(['evaluate', '--data', join(top, 'reviews.csv'), '--cv', '3', '--json']);
    const { texts, positives, folds, mean, se } = JSON.parse(stdout);
    expect([texts, positives, folds.length]).toEqual([80, 40, 3]);
    const accuracies = folds.map((fold: { accuracy: number }) => fold.accuracy);
    expect(mean.accuracy).toBeCloseTo(accuracies.reduce((sum: number, one: number) => sum + one, 0) / 3, 10);
    expect(se.accuracy).toBeGreaterThanOrEqual(0);
  });

  test('more folds than texts of a class are refused', async () => {
    const result = await runCli(['evaluate', '--data', join(top, 'reviews.csv'), '--cv', '41']);
    expectFailure(result, 2, '41 folds need 41 texts of each class');
  });
});

describe('predict', () => {
  const predict = (data: string, ...args: string[]) => runCli(['predict', '--model', model, '--data', data, ...args]);

  test('keeps rows, order and columns, and adds two', async () => {
    const rows = ['7,"dull, tired",x', '8,"a ""joy""\nand more",', '9,warm and funny,y'];
    const out = join(folder, 'out.csv');
    const result = await predict(file('in.csv', `id,text,note\n${rows.join('\n')}\n`), '--out', out);
    expect(result.stderr).toContain('3 rows');
    const written = readFileSync(out, 'utf8');
    expect(written).toMatch(/^id,text,note,label,probability\n/);
    expect(written).toMatch(
      /\n7,"dull, tired",x,negative,0\.\d+\n8,"a ""joy""\nand more",,positive,0\.\d+\n9,.+,y,positive,/,
    );
    expect(readdirSync(folder).sort()).toEqual(['in.csv', 'out.csv']);
  });

  test('reads and writes CSV, TSV and JSONL, gzipped or not', async () => {
    const csv = file('in.csv', 'id,text\n1,wonderful\n2,awful\n');
    const steps = ['a.tsv', 'b.jsonl.gz', 'c.csv'].map((name) => join(folder, name));
    await predict(csv, '--out', steps[0], '--prefix', 'one_');
    await predict(steps[0], '--out', steps[1], '--prefix', 'two_');
    await predict(steps[1], '--out', steps[2], '--prefix', 'three_');
    expect(readFileSync(steps[0], 'utf8')).toMatch(/^id\ttext\tone_label\tone_probability\n1\twonderful\tpositive\t/);
    expect(gunzipSync(readFileSync(steps[1])).toString()).toContain('"two_label":"negative"');
    const [header, first] = readFileSync(steps[2], 'utf8').split('\n');
    expect(header).toBe('id,text,one_label,one_probability,two_label,two_probability,three_label,three_probability');
    const cells = first.split(',');
    expect(cells.slice(2)).toEqual([...cells.slice(2, 4), ...cells.slice(2, 4), ...cells.slice(2, 4)]);
  });

  test('a row without text keeps label and probability empty, and is counted', async () => {
    const data = file('in.jsonl', '{"text":""}\n{"text":null,"id":1}\n{"id":2}\n{"text":"awful"}\n{"text":2001}\n');
    const { stdout, stderr } = await predict(data);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => row.label)).toEqual([null, null, null, 'negative', expect.any(String)]);
    expect(rows[1]).toEqual({ text: null, id: 1, label: null, probability: null });
    expect(stderr).toContain('3 without text');
  });

  test('nested fields and lone surrogates pass through JSONL unchanged', async () => {
    const { stdout } = await predict(file('in.jsonl', '{"text":"a \\ud800 joy","tags":["x",{"y":1}]}\n'));
    expect(stdout).toMatch(
      /^\{"text":"a \\ud800 joy","tags":\["x",\{"y":1\}\],"label":"positive","probability":0\.\d+\}\n$/,
    );
  });

  test('a cell of 10 MB is a text like any other', async () => {
    const text = 'wonderful and moving '.repeat(500_000);
    const out = join(folder, 'out.jsonl');
    const result = await predict(file('in.csv', `text\n${text}\nawful\n`), '--out', out);
    expect(result.code).toBe(0);
    const [first, second] = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([first.text.length, first.label, second.label]).toEqual([text.length, 'positive', 'negative']);
  });

  test.each([
    ['broken quotes', 'in.csv', 'text\nfine\n"dull" film\n', 1, ['in.csv:3', '"text"', 'CSV_QUOTES']],
    ['a NUL character', 'in.csv', 'text\nfine\ndu\0ll\n', 1, ['in.csv:3', '"text"', 'NUL']],
    ['bytes that are no UTF-8', 'in.csv', Buffer.from('text\nfin\xe9\n', 'latin1'), 1, ['in.csv:2', 'UTF-8']],
    ['a cell too many', 'in.csv', 'text\nfine,indeed\n', 1, ['in.csv:2', '2 cells']],
    ['invalid JSON', 'in.jsonl', '{"text":"fine"}\n{"text":\n', 1, ['in.jsonl:2', 'not valid JSON']],
    ['a text that is a list', 'in.jsonl', '{"text":"fine"}\n{"text":["dull"]}\n', 1, ['in.jsonl:2', '"text"']],
    ['an empty file', 'in.csv', '', 1, ['in.csv is empty']],
    ['a missing column', 'in.csv', 'review\nfine\n', 2, ['no column "text"']],
    ['a column called label', 'in.csv', 'text,label\nfine,1\n', 2, ['"label" already', '--prefix']],
    [
      'a later row with a field label',
      'in.jsonl',
      '{"text":"a"}\n{"text":"b","label":1}\n',
      2,
      ['in.jsonl:2', '--prefix'],
    ],
    ['a name that says no format', 'in.txt', 'text\nfine\n', 2, ['in.txt', '.csv, .tsv or .jsonl']],
  ])('%s is an error with its place, and leaves no output', async (_, name, content, code, words) => {
    const result = await predict(file(name, content), '--out', join(folder, 'out.jsonl'));
    expectFailure(result, code, ...words);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('an earlier output stays whole when a new one fails', async () => {
    const out = file('out.csv', 'text,label,probability\nold,positive,0.9\n');
    await predict(file('in.csv', 'text\nfine\n"dull" film\n'), '--out', out);
    expect(readFileSync(out, 'utf8')).toContain('old,positive,0.9');
  });

  test('the input is never overwritten, under whatever name', async () => {
    const data = file('in.csv', 'text\nfine\n');
    symlinkSync(data, join(folder, 'symbolic.csv'));
    linkSync(data, join(folder, 'hard.csv'));
    for (const name of ['in.csv', 'symbolic.csv', 'hard.csv']) {
      expectFailure(await predict(data, '--out', join(folder, name)), 2, 'OUT_IS_INPUT');
    }
    expect(readFileSync(data, 'utf8')).toBe('text\nfine\n');
  });

  test('an output behind a symbolic link is written where it points', async () => {
    const target = file('target.csv');
    symlinkSync(target, join(folder, 'link.csv'));
    await predict(file('in.csv', 'text\nawful\n'), '--out', join(folder, 'link.csv'));
    expect(readFileSync(target, 'utf8')).toContain('awful,negative');
  });

  test('an output that cannot be written is told before any work', async () => {
    const data = file('in.csv', 'text\nfine\n');
    expectFailure(
      await predict(data, '--out', join(folder, 'none/out.csv')),
      1,
      'there is no folder',
      'OUT_UNWRITABLE',
    );
    mkdirSync(join(folder, 'folder.csv'));
    expectFailure(await predict(data, '--out', join(folder, 'folder.csv')), 2, 'is a folder');
  });

  test('a missing input is named', async () => {
    expectFailure(await predict(join(folder, 'none.csv')), 1, 'none.csv', 'no such file');
  });

  test('takes a text, or lines of stdin, and gives lines', async () => {
    const one = await runCli(['predict', '--model', model, 'wonderful\nand\u001b[2J moving']);
    expect(one.stdout).toMatch(/^positive\t0\.\d{4}\twonderful and \[2J moving\n$/);
    const lines = await runCli(['predict', '--model', model], { input: 'awful and empty\n\nwonderful' });
    expect(lines.stdout).toMatch(/^negative\t\S+\tawful and empty\n\w+\t\S+\t\npositive\t\S+\twonderful\n$/);
  });

  test('a table can come from stdin', async () => {
    const result = await runCli(['predict', '--model', model, '--data', '-', '--format', 'tsv'], {
      input: 'text\tn\nawful\t1\n',
    });
    expect(result.stdout).toMatch(/^text\tn\tlabel\tprobability\nawful\t1\tnegative\t0\.\d+\n$/);
  });

  test('ends quietly when nobody reads on', async () => {
    const data = file('in.csv', `text\n${'awful and empty\n'.repeat(200_000)}`);
    const child = startCli(['predict', '--model', model, '--data', data]);
    const stderr = readAll(child.stderr!);
    child.stdout!.once('data', () => child.stdout!.destroy());
    const [code] = await once(child, 'exit');
    expect([code, await stderr]).toEqual([0, '']);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it and leaves no output behind', async (signal) => {
    const out = join(folder, 'out.csv');
    const child = startCli(['predict', '--model', model, '--data', '-', '--out', out]);
    child.stdin!.write(`text\n${'awful and empty\n'.repeat(50_000)}`);
    // The first rows are in the temporary file, and the program waits for more.
    await until(() => readdirSync(folder).some((name) => sizeOf(join(folder, name)) > 0));
    child.kill(signal);
    const [code] = await once(child, 'exit');
    expect([code, readdirSync(folder)]).toEqual([signal === 'SIGINT' ? 130 : 143, []]);
  });

  test('a damaged model and a missing one are told apart', async () => {
    const bytes = readFileSync(model);
    bytes[bytes.length >> 1] ^= 1;
    expectFailure(await runCli(['predict', '--model', file('x.model', bytes), 'fine']), 1, 'x.model', 'MODEL_DAMAGED');
    expectFailure(await runCli(['predict', '--model', join(folder, 'none'), 'fine']), 1, 'MODEL_MISSING');
  });

  test('calls that contradict themselves are refused', async () => {
    expectFailure(await runCli(['predict', '--model', model, '--data', 'x.csv', 'fine']), 2, 'a text and --data');
    expectFailure(await runCli(['predict', '--model', model, '--out', 'x.csv']), 2, '--out goes with --data');
  });
});

describe('explain', () => {
  const text = 'a dull film, but a wonderful cast';

  test('draws the words in their order with bars to either side', async () => {
    const { stdout } = await runCli(['explain', '--model', model, text]);
    expect(stdout).toMatch(/^(Positive|Negative) Sentiment, \d+\.\d % sure\n/);
    const words = [...stdout.matchAll(/^ {2}(\S+) +[+-]\d+\.\d\d/gm)].map(([, word]) => word);
    expect(words).toEqual(['a', 'dull', 'film', 'but', 'a', 'wonderful', 'cast', '(bias)', 'sum']);
    expect(stdout).toMatch(/dull +-\d\.\d\d +█+│$/m);
    expect(stdout).toMatch(/wonderful +\+\d\.\d\d +│█+$/m);
  });

  test('--json adds up to the score', async () => {
    const { stdout } = await runCli(['explain', '--model', model, '--json', text]);
    const { bias, words, score } = JSON.parse(stdout);
    const sum = words.reduce((total: number, word: { contribution: number }) => total + word.contribution, bias);
    expect(sum).toBeCloseTo(score, 6);
    expect(text.slice(words[1].start, words[1].end)).toBe('dull');
  });
});

describe('export', () => {
  test('writes what ml-logistic-regression loads', async () => {
    const out = join(folder, 'model.json');
    expect((await runCli(['export', '--model', model, '--out', out])).code).toBe(0);
    const exported = JSON.parse(readFileSync(out, 'utf8'));
    expect(exported.classifiers[0].weights[0]).toHaveLength(exported.features.length);
    // Loading turns the lists into matrices.
    expect(LogisticRegression.load(exported).numberClasses).toBe(2);
    expect((await runCli(['export', '--model', model])).stdout).toBe(readFileSync(out, 'utf8'));
  });

  test('does not overwrite the model', async () => {
    const copy = file('copy.model', readFileSync(model));
    expectFailure(await runCli(['export', '--model', copy, '--out', copy]), 2, 'OUT_IS_INPUT');
  });
});

describe('serve', () => {
  test('serves the model until it is told to stop', async () => {
    const child = startCli(['serve', '--model', model, '--port', '0']);
    try {
      child.stdout!.resume();
      const [, address] = await saying(child.stderr!, /serving .+ on (http:\S+)/);
      const response = await fetch(`${address}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ text: 'wonderful and moving' }),
      });
      expect(await response.json()).toMatchObject({ label: 'positive' });
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('the program', () => {
  test('is reachable through npm and says how it is called', () => {
    const help = execFileSync('npm', ['run', '-s', 'sentiment', '--', 'predict', '--help'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(help).toContain('Examples:');
  });

  test('without a command shows its help and ends with 2', async () => {
    expectFailure(await runCli([]), 2, 'Usage: sentiment');
  });

  test('hands the exit code on through npm', async () => {
    const child = spawn('npm', ['run', '-s', 'sentiment', '--', 'predict', '--nonsense'], {
      cwd: root,
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await wait(20)) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
  }
}

/** The match, once the stream has said it. */
async function saying(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<RegExpExecArray> {
  let said = '';
  for await (const chunk of stream) {
    said += chunk;
    const match = pattern.exec(said);
    if (match) return match;
  }
  throw new Error(`it ended without saying ${pattern}: ${said}`);
}
