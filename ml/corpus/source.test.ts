import { describe, expect, it } from 'vitest';
import type { TableFormat } from './data_file.ts';
import { openTableSource } from './source.ts';
import { collect } from './testdata/collect.ts';
import { settings } from './testdata/settings.ts';
import { temporaryFile } from './testdata/temporary.ts';

async function itemsOf(content: string, format: TableFormat, more: Partial<typeof settings> = {}) {
  const path = temporaryFile(`a.${format}`, content);
  const source = await openTableSource(path, { name: 'a', fileName: path, log() {} }, { ...settings, ...more });
  return collect(source.items);
}

describe('a table as a source', () => {
  it('gives texts with their labels, in order, with bad rows in their place', async () => {
    expect(await itemsOf('text,label,other\na,positive,x\nb\nc,negative,z\nd\n', 'csv')).toEqual([
      { where: 'a:2', id: '2', text: 'a', opinion: { label: 'positive' } },
      { where: 'a:3', problem: 'the row has 1 cells, the header has 3' },
      { where: 'a:4', id: '4', text: 'c', opinion: { label: 'negative' } },
      { where: 'a:5', problem: 'the row has 1 cells, the header has 3' },
    ]);
  });

  it('reads id, group and rating from the named columns, and then ignores the label', async () => {
    const named = { id_column: 'id', group_column: 'film', rating_column: 'stars', label_column: 'not there' };
    expect(await itemsOf('id\tfilm\ttext\tstars\nr1\tf\ta\t-1.5\nr2\t\tb\t\n', 'tsv', named)).toEqual([
      { where: 'a:2', id: 'r1', text: 'a', opinion: { rating: '-1.5' }, group: 'f' },
      { where: 'a:3', id: 'r2', text: 'b', opinion: { rating: '' } },
    ]);
  });

  it('does not mistake the unnamed column that pandas writes for an id or a group', async () => {
    expect(await itemsOf(',text,label\n0,a,positive\n', 'csv')).toEqual([
      { where: 'a:2', id: '2', text: 'a', opinion: { label: 'positive' } },
    ]);
  });

  it('accepts numbers, booleans and null from JSON, but not lists', async () => {
    const rows = [
      { text: 'a', label: 1 },
      { text: 7, label: true },
      { text: null, label: null },
      { label: 'x' },
      { text: ['a'], label: 1 },
    ];
    expect(await itemsOf(rows.map((row) => JSON.stringify(row)).join('\n'), 'jsonl')).toEqual([
      { where: 'a:1', id: '1', text: 'a', opinion: { label: '1' } },
      { where: 'a:2', id: '2', text: '7', opinion: { label: 'true' } },
      { where: 'a:3', id: '3', text: '', opinion: { label: '' } },
      { where: 'a:4', id: '4', text: '', opinion: { label: 'x' } },
      { where: 'a:5', problem: 'column "text" is a list or an object, not a text or number' },
    ]);
  });

  it('joins the texts of several columns by a sentence end', async () => {
    const several = { text_column: ['title', 'text'] };
    expect(await itemsOf('title,text,label\nFine,"so, so",positive\n', 'csv', several)).toEqual([
      { where: 'a:2', id: '2', text: 'Fine. so, so', opinion: { label: 'positive' } },
    ]);
    await expect(itemsOf('title,label\na,b\n', 'csv', several)).rejects.toThrow('no column "text"');
  });

  it('must have the named columns', async () => {
    await expect(itemsOf('review,label\na,b\n', 'csv')).rejects.toMatchObject({
      code: 'COLUMN_MISSING',
      message: 'a has no column "text"; it has "review", "label"',
    });
    await expect(itemsOf('text,label\na,b\n', 'csv', { group_column: 'film' })).rejects.toThrow('no column "film"');
    await expect(itemsOf('text\na\n', 'csv', { label_column: '' })).rejects.toMatchObject({
      code: 'LABEL_COLUMN_UNNAMED',
      exitCode: 2,
    });
  });
});
