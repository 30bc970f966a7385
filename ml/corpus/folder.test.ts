import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSource } from './source.ts';
import { collect } from './testdata/collect.ts';
import { settings } from './testdata/settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (more: Partial<typeof settings> = {}) =>
  openSource({ ...settings, source: folder, ...more }, { folder, log() {} });

it('a folder of tables is one source: by name, with the ids of each table apart, and bad rows in their place', async () => {
  writeFileSync(join(folder, 'b.csv'), 'text,label\nfine,positive\n');
  // A process that was killed left its last line unfinished.
  writeFileSync(join(folder, 'a.jsonl'), '{"text":"dull","label":"negative"}\n{"te');
  writeFileSync(join(folder, 'c.jsonl'), '');
  writeFileSync(join(folder, 'notes.md'), 'no table');
  mkdirSync(join(folder, 'below.csv'));
  const source = await open();
  expect(await collect(source.items)).toEqual([
    { where: `${folder}/a.jsonl:1`, id: 'a.jsonl/1', text: 'dull', opinion: { label: 'negative' } },
    { where: `${folder}/a.jsonl:2`, problem: expect.stringContaining('JSON') },
    { where: `${folder}/b.csv:2`, id: 'b.csv/2', text: 'fine', opinion: { label: 'positive' } },
  ]);
  await source.close();
});

it('ids of an id_column stay as they are', async () => {
  writeFileSync(join(folder, 'a.jsonl'), '{"id":"3f9c-1","text":"dull","label":"negative"}\n');
  const source = await open({ id_column: 'id' });
  expect(await collect(source.items)).toMatchObject([{ id: '3f9c-1' }]);
});

it('a folder without a table is an error that says what to name', async () => {
  await expect(open()).rejects.toMatchObject({
    code: 'SOURCE_EMPTY',
    message: `${folder} holds no table (.csv, .tsv or .jsonl) with a row`,
  });
});
