import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Review } from '../ml/corpus/review.ts';
import { paths } from '../ml/stages/paths.ts';
import { readDvcLine } from '../scripts/local/dvc.ts';
import { programEnvironment } from '../scripts/local/programs.ts';
import { need } from './support/need.ts';
import { run, runOk } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { smallCorpus } from './support/small_corpus.ts';

/** Ingestion under DVC, with files of one's own: one in the repository, one under DVC. */
describe.skipIf(!need('dvc'))('a source of your own', () => {
  let repository: Repository;

  beforeAll(async () => {
    repository = copyRepository({ installed: true });
    const [header, ...rows] = smallCorpus().trimEnd().split('\n');
    const write = (path: string, lines: string[]) => {
      writeFileSync(file(path), `${[header, ...lines].join('\n')}\n`);
    };
    write('held out.csv', rows.slice(0, 40));
    write('shop.csv', rows.slice(40, 200));
    mkdirSync(file('data'), { recursive: true });
    write('data/tickets.csv', rows.slice(200));
    const params = readFileSync(file('params.yaml'), 'utf8');
    const sources =
      '  sources: [shop.csv, { source: data/tickets.csv, weight: 2, domain: help }]\n  test_source: held out.csv\n';
    writeFileSync(file('params.yaml'), params.replace('data_ingestion:\n', `data_ingestion:\n${sources}`));
    await dvc(['add', '--quiet', 'data/tickets.csv']);
    await dvc(['push', '--quiet', 'data/tickets.csv']);
  });
  afterAll(() => repository.remove());

  const file = (path: string) => join(repository.root, path);
  const options = () => ({ cwd: repository.root, env: programEnvironment(repository.root, process.env) });
  const dvc = (args: string[]) => runOk('dvc', args, options());

  async function ran(): Promise<string[]> {
    const lines = (await dvc(['repro', 'data_ingestion'])).split('\n').map(readDvcLine);
    return lines.flatMap((line) => (line.kind === 'running' ? line.stage : []));
  }

  const reviews = (path: string): Review[] =>
    readFileSync(file(path), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  const domains = (path: string) => [...new Set(reviews(path).map(({ domain }) => domain))].sort();

  test('is one of several, and held-out texts come from a file of their own', async () => {
    expect(await ran()).toEqual(['data_sources', 'data_ingestion']);
    expect([paths.rawTrain, paths.rawTest].map(domains)).toEqual([['help', 'shop'], ['held_out']]);
    expect(new Set(reviews(paths.rawTrain).map(({ weight }) => weight))).toEqual(new Set([undefined, 2]));
    expect(await ran()).toEqual(['data_sources']);
  });

  test.each(['shop.csv', 'data/tickets.csv', 'held out.csv'])(
    'is read again when the file %s changes under its name',
    async (path) => {
      appendFileSync(file(path), 'Something else again.,positive\n');
      expect(await ran()).toEqual(['data_sources', 'data_ingestion']);
    },
  );

  test('under DVC is pulled when it is missing', async () => {
    rmSync(file('data/tickets.csv'));
    rmSync(file('.dvc/cache'), { recursive: true });
    expect(await ran()).toEqual(['data_sources', 'data_ingestion']);
    expect(existsSync(file('data/tickets.csv'))).toBe(true);
  });

  test('that the remote does not have ends with the next step', async () => {
    rmSync(file('data/tickets.csv'));
    for (const folder of ['.dvc/cache', '.local/dvc-remote']) rmSync(file(folder), { recursive: true });
    const { code, stderr, stdout } = await run('dvc', ['repro', 'data_ingestion'], options());
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(
      'data/tickets.csv is under DVC (data/tickets.csv.dvc), but dvc pull did not bring it',
    );
    expect(stdout + stderr).toContain('dvc push data/tickets.csv');
  });
});
