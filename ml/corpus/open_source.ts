/** Where texts come from: opens what data_ingestion.source names. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { SentimentError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
import type { Source } from './candidate.ts';
import { type Downloaded, isArchiveName } from './downloaded.ts';
import { openEmbedded } from './embedded.ts';
import { downloadHttp } from './http_download.ts';
import { openImdb } from './imdb.ts';
import { downloadS3 } from './s3_download.ts';
import { formatOf } from './table_format.ts';
import { openTableSource } from './table_source.ts';

export type SourceSettings = Pick<
  DataIngestionParams,
  'source' | 'text_column' | 'label_column' | 'rating_column' | 'id_column' | 'group_column'
>;

export type SourceOptions = {
  /** Where the embedded corpora are kept. */
  folder: string;
  /** Where temporary files are until close(); the folder above by default. */
  scratch?: string;
  /** Gets a line for each step that may take more than a second. */
  log: (line: string) => void;
};

/**
 * embedded:NAME, http(s)://, s3://, a folder or archive of IMDB reviews, else a table. The caller closes it.
 *
 * Throws SOURCE_MISSING and what openEmbedded, downloadHttp, downloadS3, openImdb and openTableSource throw.
 */
export async function openSource(settings: SourceSettings, options: SourceOptions): Promise<Source> {
  const { source } = settings;
  const downloads = { ...options, folder: options.scratch ?? options.folder };
  if (source.startsWith('embedded:')) return openEmbedded(source.slice('embedded:'.length), options);
  if (/^https?:\/\//i.test(source)) return openDownloaded(await downloadHttp(source, downloads), settings);
  if (source.startsWith('s3://')) return openDownloaded(await downloadS3(source, downloads), settings);
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
