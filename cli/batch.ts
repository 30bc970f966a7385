/**
 * `sentiment batch`: predicts every table of a folder or of a prefix in S3. Several processes share the tables; each takes every
 * n-th by name. A table whose result is there is left alone, so a process that was killed is begun again by the same
 * call. manifests/batch runs it as an Indexed Job (docs/data.md).
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { downloadS3, listS3, reasonOfS3 } from '../ml/corpus/download.ts';
import { isTable } from '../ml/corpus/folder.ts';
import { SentimentError, usageError } from '../ml/errors.ts';
import { readModel } from '../ml/model/artifact.ts';
import { openS3, putFile } from '../ml/s3.ts';
import { predictTable, type TableOptions } from './predict.ts';

export type BatchOptions = Omit<TableOptions, 'data' | 'name' | 'out' | 'format' | 'badRows'> & {
  model: string;
  /** A folder, or s3://BUCKET/PREFIX/. */
  from: string;
  to: string;
  /** Number of processes that share the tables, and the number of this one, from 0. */
  shards: number;
  shard: number;
};

/** Throws BATCH_EMPTY, BATCH_SHARD (2), BATCH_SAME (2), BATCH_STORE, and what predictTable and downloadS3 throw. */
export async function batch({ from, to, shards, shard, model: path, ...options }: BatchOptions): Promise<void> {
  if (shard >= shards) {
    throw usageError('BATCH_SHARD', `there is no shard ${shard} of ${shards}`, 'the first is 0: --shard 0 --shards 4');
  }
  if (from === to) throw usageError('BATCH_SAME', `--from and --to are both ${from}`, 'write to another folder');
  const [input, output] = [placeOf(from), placeOf(to)];
  const tables = (await input.names()).filter(isTable).sort();
  if (tables.length === 0) {
    throw new SentimentError('BATCH_EMPTY', `${from} holds no table (.csv, .tsv or .jsonl)`, {
      next: 'name the folder, or the prefix with a slash at its end',
    });
  }
  const there = new Set(await output.names());
  const own = tables.filter((_, i) => i % shards === shard);
  const open = own.filter((name) => !there.has(resultName(name)));
  process.stderr.write(
    `${tables.length} tables in ${from}, ${own.length} of them for shard ${shard} of ${shards}, ` +
      `${own.length - open.length} done before\n`,
  );
  const model = readModel(path);
  for (const name of open) {
    const folder = mkdtempSync(join(tmpdir(), 'batch-'));
    try {
      const out = join(folder, resultName(name));
      const badRows = options.keepGoing ? join(folder, `${name}.bad_rows.csv`) : undefined;
      const data = await input.fetch(name, folder);
      const left = await predictTable(model, { path }, { ...options, data, name: input.address(name), out, badRows });
      if (badRows !== undefined && left > 0) await output.store(badRows);
      // Last, because its presence says that the table is done.
      await output.store(out);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** The result is packed with gzip where the table is, and otherwise as it is. */
function resultName(table: string): string {
  return table.replace(/\.(zst|zip|bz2)$/i, '');
}

type Place = {
  address(name: string): string;
  names(): Promise<string[]>;
  /** Path of the table's file, which may lie in `folder`. */
  fetch(name: string, folder: string): Promise<string>;
  /** Puts the file there under its own name, whole or not at all. */
  store(path: string): Promise<void>;
};

function placeOf(given: string): Place {
  const [, bucket, key] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(given) ?? [];
  if (bucket === undefined) return localPlace(given);
  const prefix = key === undefined || key === '' || key.endsWith('/') ? (key ?? '') : `${key}/`;
  const address = (name: string) => `s3://${bucket}/${prefix}${name}`;
  return {
    address,
    names: () => listS3(address('')),
    async fetch(name, folder) {
      const { path } = await downloadS3(address(name), { folder, log: () => {} });
      const named = join(folder, `from-${name}`);
      renameSync(path, named);
      return named;
    },
    async store(path) {
      const client = await openS3(process.env);
      try {
        await putFile(client, bucket, `${prefix}${basename(path)}`, path);
      } catch (cause) {
        throw new SentimentError('BATCH_STORE', `cannot write ${address(basename(path))}: ${reasonOfS3(cause)}`, {
          cause,
          next: 'check the bucket and the right s3:PutObject, and run the command again: what is done stays',
        });
      } finally {
        client.destroy();
      }
    },
  };
}

function localPlace(folder: string): Place {
  const address = (name: string) => join(folder, name);
  return {
    address,
    async names() {
      return existsSync(folder) ? readdirSync(folder) : [];
    },
    fetch: async (name) => address(name),
    async store(path) {
      mkdirSync(folder, { recursive: true });
      const temporary = address(`.${basename(path)}.${process.pid}.tmp`);
      await copyFile(path, temporary);
      renameSync(temporary, address(basename(path)));
    },
  };
}
