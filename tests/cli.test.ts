/** The program `sentiment` on real files: output, messages, exit codes, and the files it leaves behind. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import LogisticRegression from 'ml-logistic-regression';
import { describe, expect, test } from 'vitest';
import { expectFailure, root, runCli, startCli } from './support/cli.ts';
import { reviewsCsv, useCliWorkspace } from './support/cli_workspace.ts';

const { file, model, names, path, reviews } = useCliWorkspace();

describe('train', () => {
  test('the same data give the same file', async () => {
    const out = path('again.model');
    await runCli(['train', '--data', reviews, '--out', out]);
    expect(readFileSync(out).equals(readFileSync(model))).toBe(true);
  });

  test('columns and labels may have any name', async () => {
    const stars = reviewsCsv('key,review,stars').replaceAll(',positive', ',5').replaceAll(',negative', ',1');
    const data = file('stars.csv', `${stars}x,neither here nor there,3\n`);
    const out = path('stars.model');
    const columns = ['--text-column', 'review', '--label-column', 'stars'];
    const labels = ['--positive', '4', '5', '--negative', '1', '2', '--neutral', '3'];
    const result = await runCli(['train', '--data', data, ...columns, ...labels, '--out', out]);
    expect(result.stderr).toContain('81 read, 80 kept, 1 left out');
    expect((await runCli(['predict', '--model', out, 'wonderful and moving'])).stdout).toMatch(/^positive\t/);
  });

  test('settings can come from another params.yaml', async () => {
    const params = readFileSync(join(root, 'ml/testdata/params.yaml'), 'utf8').replace(
      'ngrams: [1, 2]',
      'ngrams: [1, 1]',
    );
    const out = path('words.model');
    const args = ['train', '--data', reviews, '--params', file('own.yaml', params), '--out', out];
    expect((await runCli(args)).code).toBe(0);
    expect(readFileSync(out).length).toBeLessThan(readFileSync(model).length);
  });

  test.each([
    ['broken quotes', 'text,label\n"dull" film,negative\n', 1, ['bad.csv:2', '"text"', 'CSV_QUOTES']],
    ['an empty file', '', 1, ['bad.csv is empty']],
    ['a header and no rows', 'text,label\n', 1, ['holds no texts']],
    ['one class only', 'text,label\nfine,positive\ngreat,positive\n', 2, ['all 2 usable texts', 'positive']],
    ['a missing column', 'review,label\nfine,positive\n', 2, ['no column "text"', '"review"']],
    ['unknown labels', 'text,label\nfine,yes\ndull,no\n', 1, ['bad.csv:2', '"yes"', 'positive_labels']],
    ['a NUL character', 'text,label\nfi\0ne,positive\ndull,negative\n', 1, ['bad.csv:2', 'NUL']],
  ])('%s is an error with its place, and leaves no model', async (_, content, code, words) => {
    const out = path('x.model');
    expectFailure(await runCli(['train', '--data', file('bad.csv', content), '--out', out]), code, ...words);
    expect(names()).toEqual(['bad.csv']);
  });

  test('Ctrl-C while it reads leaves nothing behind', async () => {
    const downloads = join(root, '.local/downloads');
    mkdirSync(downloads, { recursive: true });
    const temporary = () => readdirSync(downloads).filter((name) => name.startsWith('reviews-'));
    const pipe = path('pipe.csv');
    execFileSync('mkfifo', [pipe]);
    const child = startCli(['train', '--data', pipe, '--out', path('x.model')]);
    // Opening a pipe waits for its reader; once this much was read, the reader is running.
    const writer = createWriteStream(pipe);
    await new Promise((resolve) => writer.write(reviewsCsv().repeat(100), resolve));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
    writer.destroy();
    expect([temporary(), names()]).toEqual([[], ['pipe.csv']]);
  });

  test('never overwrites the data with the model', async () => {
    const data = file('reviews.csv', reviewsCsv());
    expectFailure(await runCli(['train', '--data', data, '--out', data]), 2, 'OUT_IS_INPUT');
    expect(readFileSync(data, 'utf8')).toBe(reviewsCsv());
  });
});

describe('evaluate', () => {
  test('prints mean and standard error of every measure, and a line for each fold', async () => {
    const result = await runCli(['evaluate', '--data', reviews, '--cv', '4']);
    expect(result.stdout).toContain('4-fold cross-validation');
    expect(result.stdout).toMatch(/^accuracy +\d\.\d{4} +\d\.\d{4}$/m);
    expect(result.stdout).toMatch(/^roc_auc +\d\.\d{4} +\d\.\d{4}$/m);
    expect(result.stderr).toContain('fold 4 of 4');
    expect(result.code).toBe(0);
  });

  test('--json prints every fold, their mean and its standard error', async () => {
    const { stdout } = await runCli(['evaluate', '--data', reviews, '--cv', '3', '--json']);
    const { texts, positives, folds, mean, se } = JSON.parse(stdout);
    expect([texts, positives, folds.length]).toEqual([80, 40, 3]);
    // The Brier score differs from fold to fold even where every text is classified correctly.
    const scores: number[] = folds.map((fold: { brier: number }) => fold.brier);
    const average = scores.reduce((sum, score) => sum + score, 0) / 3;
    const variance = scores.reduce((sum, score) => sum + (score - average) ** 2, 0) / 2;
    expect(mean.brier).toBeCloseTo(average, 10);
    expect(se.brier).toBeCloseTo(Math.sqrt(variance / 3), 10);
    expect(se.brier).toBeGreaterThan(0);
  });

  test('a saved model is tested on texts of its own columns, and its mistakes are listed', async () => {
    const columns = [
      '--text-column',
      'title',
      'text',
      '--label-column',
      'mark',
      '--positive',
      'good',
      '--negative',
      'bad',
    ];
    const two = reviewsCsv('id,title,text,mark')
      .replaceAll('"a ', 'the ,"a ')
      .replaceAll(/^(\w+),"(\w+) /gm, '$1,$2,"')
      .replaceAll(',positive', ',good')
      .replaceAll(',negative', ',bad');
    const [trained, mistakes] = [path('two.model'), path('mistakes.csv')];
    await runCli(['train', '--data', file('two.csv', two), ...columns, '--out', trained]);
    const data = file(
      'test.csv',
      'title,text,mark\nwonderful,"joy, warm",good\nawful,"dull, tired",bad\nfunny,warm,bad\n',
    );
    const args = ['evaluate', '--model', trained, '--data', data];
    const result = await runCli([...args, '--mistakes', mistakes]);
    expect(result.stdout).toContain('accuracy 0.6667, 95 % interval 0.2077 to 0.9385');
    expect(readFileSync(mistakes, 'utf8')).toMatch(
      /^id,label,predicted,confidence,text\n4,negative,positive,0\.\d{4},funny\. warm\n$/,
    );
    expect(JSON.parse((await runCli([...args, '--json'])).stdout).confusion).toMatchObject({ falsePositives: 1 });
    const predicted = await runCli(['predict', '--model', trained, '--data', data]);
    expect(predicted.stdout).toMatch(/^awful,"dull, tired",bad,negative,/m);
    expectFailure(await runCli(['evaluate', '--model', trained]), 2, '--model needs --data');
    expectFailure(await runCli(['evaluate', '--mistakes', mistakes]), 2, '--mistakes needs --model');
    expectFailure(await runCli([...args, '--cv', '3']), 2, 'cannot be used with', '--cv');
  });

  test('a saved model is tested on files of behaviour tests', async () => {
    const own = file(
      'own.yaml',
      'tests:\n  - {name: word, kind: minimum functionality, expect: negative, texts: [wonderful, dull and tired]}\n',
    );
    const args = ['evaluate', '--model', model, '--behaviour', own];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+own\.yaml: 1 of 2 behaviour tests pass\n {2}word: "wonderful" expected negative, got positive \([01]\.\d\d\)\n$/,
    );
    const [report] = JSON.parse((await runCli([...args, '--json'])).stdout).behaviour;
    expect(report).toMatchObject({ file: own, decides: true, passed: 1, total: 2 });
    expectFailure(await runCli(['evaluate', '--behaviour', own]), 2, '--behaviour needs --model');
    expectFailure(await runCli([...args, path('none.yaml')]), 1, 'none.yaml', 'BEHAVIOUR_MISSING');
  });

  test('more folds than texts of a class are refused', async () => {
    const result = await runCli(['evaluate', '--data', reviews, '--cv', '41']);
    expectFailure(result, 2, '41 folds need 41 texts of each class');
  });
});

test('doubt lists the labels that the other folds contradict, and never overwrites the data', async () => {
  const wrong = reviewsCsv().replace(/^(p5,.*),positive$/m, '$1,negative');
  const data = file('wrong.csv', wrong);
  const args = ['doubt', '--data', data, '--cv', '4'];
  const { code, stdout, stderr } = await runCli(args);
  expect(code).toBe(0);
  expect(stderr).toMatch(/\d+ of 80 labels are doubtful/);
  const [header, first] = stdout.split('\n');
  expect(header).toBe('id,label,suggested,probability,text');
  expect(first).toMatch(/^12,negative,positive,0\.\d{4},"great cast/);
  const out = path('doubtful.csv');
  await runCli([...args, '--out', out]);
  expect(readFileSync(out, 'utf8')).toBe(stdout);
  expectFailure(await runCli([...args, '--out', data]), 2, 'OUT_IS_INPUT');
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
    const out = path('model.json');
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
  test('serves the model until it is stopped', async () => {
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
  test('runs through npm and shows how to call it', () => {
    const help = execFileSync('npm', ['run', '-s', 'sentiment', '--', 'predict', '--help'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(help).toContain('Examples:');
  });

  test('without a command shows its help and ends with 2', async () => {
    expectFailure(await runCli([]), 2, 'Usage: sentiment');
  });

  test('passes its exit code through npm', async () => {
    const child = spawn('npm', ['run', '-s', 'sentiment', '--', 'predict', '--nonsense'], {
      cwd: root,
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});

/** Resolves to the match once the stream contains it. */
async function saying(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<RegExpExecArray> {
  let said = '';
  for await (const chunk of stream) {
    said += chunk;
    const match = pattern.exec(said);
    if (match) return match;
  }
  throw new Error(`the stream ended without ${pattern}: ${said}`);
}
