/** A model that `sentiment train` made of small reviews, and an empty folder for each test. All of it goes at the end. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { runCli } from './cli.ts';

export type CliWorkspace = {
  /** The labelled texts, 40 of each class, and the model learnt from them. */
  reviews: string;
  model: string;
  /** A path in the test's own folder. */
  path(name: string): string;
  /** Writes a file into the test's own folder and gives its path. */
  file(name: string, content: string | Uint8Array): string;
  /** Names in the test's own folder, sorted. */
  names(): string[];
};

const PRAISE = [
  'a warm and funny film',
  'great cast and a clever plot',
  'a joy from start to end',
  'wonderful and moving',
];
const BLAME = ['a dull and tired film', 'poor cast and a silly plot', 'a bore from start to end', 'awful and empty'];

/** Texts that differ from one another. */
export function reviewsCsv(header = 'id,text,label'): string {
  const rows = Array.from({ length: 40 }, (_, i) => [
    `p${i},"${PRAISE[i % 4]}, number ${i}",positive`,
    `n${i},"${BLAME[i % 4]}, number ${i}",negative`,
  ]);
  return [header, ...rows.flat(), ''].join('\n');
}

/** Called at the top of a test file. */
export function useCliWorkspace(): CliWorkspace {
  const top = mkdtempSync(join(tmpdir(), 'sentiment-cli-'));
  let folder = top;
  const workspace: CliWorkspace = {
    reviews: join(top, 'reviews.csv'),
    model: join(top, 'reviews.model'),
    path: (name) => join(folder, name),
    file(name, content) {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    },
    names: () => readdirSync(folder).sort(),
  };
  beforeAll(async () => {
    writeFileSync(workspace.reviews, reviewsCsv());
    const result = await runCli(['train', '--data', workspace.reviews, '--out', workspace.model]);
    expect(result.stderr).toContain('80 read, 80 kept');
    expect(result.code).toBe(0);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(top, 'test-'));
  });
  afterAll(() => rmSync(top, { recursive: true, force: true }));
  return workspace;
}
