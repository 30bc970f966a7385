/** Opens the source of texts that data_ingestion.source names. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { SentimentError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
import type { Source } from './candidate.ts';
import { formatOf, isArchiveName } from './data_file.ts';
import { type Downloaded, downloadHttp, downloadS3 } from './download.ts';
import { openEmbedded } from './embedded.ts';
import { openImdb } from './imdb.ts';
import { openTableSource } from './table_source.ts';

export type SourceSettings = Pick<
  DataIngestionParams,
  'source' | 'text_column' | 'label_column' | 'rating_column' | 'id_column' | 'group_column'
>;

export type SourceOptions = {
  /** Folder for temporary files, which are deleted on close(). Created if missing. */
  folder: string;
  /** Gets a line for each step that may take more than a second. */
  log: (line: string) => void;
};

/**
 * embedded:NAME, http(s)://, s3://, a folder or archive of IMDB reviews, or else a table. The caller closes it.
 *
 * Throws SOURCE_MISSING and what openEmbedded, downloadHttp, downloadS3, openImdb and openTableSource throw.
 */
export async function openSource(settings: SourceSettings, options: SourceOptions): Promise<Source> {
  const { source } = settings;
  if (source.startsWith('embedded:')) return openEmbedded(source.slice('embedded:'.length));
  if (/^https?:\/\//i.test(source)) return openDownloaded(await downloadHttp(source, options), settings);
  if (source.startsWith('s3://')) return openDownloaded(await downloadS3(source, options), settings);
  const facts = statSync(source, { throwIfNoEntry: false });
  if (!facts) {
    throw new SentimentError('SOURCE_MISSING', `there is no file or folder ${source}`, {
      next: 'name a table, a folder, an address or embedded:movies as the source',
    });
  }
  return facts.isDirectory()
    ? openImdb(source, source, 'folder')
    : openFile(source, source, basename(source), settings);
}

async function openDownloaded(file: Downloaded, settings: SourceSettings): Promise<Source> {
  try {
    const source = await openFile(file.path, file.name, file.fileName, settings);
    return {
      ...source,
      async close() {
        await source.close();
        file.remove();
      },
    };
  } catch (error) {
    file.remove();
    throw error;
  }
}

function openFile(path: string, name: string, fileName: string, settings: SourceSettings): Promise<Source> {
  if (isArchiveName(fileName)) return openImdb(path, name, 'archive');
  return openTableSource(path, name, formatOf(fileName), settings);
}
