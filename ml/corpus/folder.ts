/** Many tables as one source: those of a folder, or those whose keys in S3 begin alike. Read one after the other, by name. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SentimentError } from '../errors.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import { findFormat } from './data_file.ts';

export type Part = {
  /** Within the folder. */
  name: string;
  open: () => Promise<Source>;
};

/** Whether the folder is one of the Large Movie Review Dataset. */
export function isImdbFolder(path: string): boolean {
  return ['aclImdb', 'train', 'test'].some((name) => existsSync(join(path, name)));
}

/** Names of the tables right in the folder, without empty ones. */
export function tablesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isTable(entry.name) && statSync(join(path, entry.name)).size > 0)
    .map((entry) => entry.name);
}

/** By its name. */
export function isTable(name: string): boolean {
  return findFormat(name) !== undefined;
}

/** Unless an id_column names them (`hasIds`), ids get the name of their table. Throws SOURCE_EMPTY. */
export function openTables(name: string, parts: readonly Part[], hasIds: boolean): Source {
  if (parts.length === 0) {
    throw new SentimentError('SOURCE_EMPTY', `${name} holds no table (.csv, .tsv or .jsonl) with a row`, {
      next: 'name a folder with tables, the folder aclImdb, or a file',
    });
  }
  const sorted = [...parts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name, items: readAll(sorted, hasIds), async close() {} };
}

async function* readAll(parts: readonly Part[], hasIds: boolean): AsyncGenerator<Candidate | BadRow, void> {
  for (const part of parts) {
    const source = await part.open();
    try {
      for await (const item of source.items) {
        yield 'problem' in item || hasIds ? item : { ...item, id: `${part.name}/${item.id}` };
      }
    } finally {
      await source.close();
    }
  }
}
