/** Opens the source of texts that data_ingestion.source names, and reads tables by the columns that data_ingestion names. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SentimentError, usageError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
import type { BadRow, Candidate, Source } from './candidate.ts';
import { isArchiveName } from './data_file.ts';
import { type Downloaded, downloadHttp, downloadS3, listS3 } from './download.ts';
import { openEmbedded } from './embedded.ts';
import { isImdbFolder, isTable, openTables, type Part, tablesIn } from './folder.ts';
import { openImdb } from './imdb.ts';
import { describeProblem, type RowProblem } from './records.ts';
import { isFromEnvironment, placeOf } from './sources.ts';
import { readTable, requireColumns, type Table, type TableRow } from './table.ts';
import { textColumnNames, textOf } from './text_columns.ts';

type ColumnSettings = Pick<
  DataIngestionParams,
  'text_column' | 'label_column' | 'rating_column' | 'id_column' | 'group_column'
>;
type ReadingSettings = Pick<DataIngestionParams, 'encoding' | 'delimiter' | 'quote' | 'escape' | 'header'>;
type TableSettings = ColumnSettings & ReadingSettings;
export type SourceSettings = TableSettings & Pick<DataIngestionParams, 'source'>;

export type SourceOptions = {
  /** Folder for temporary files, which are deleted on close(). Created if missing. */
  folder: string;
  /** Gets a line for each step that may take more than a second. */
  log: (line: string) => void;
};

/**
 * embedded:NAME, http(s)://, s3:// (an object, or all tables under a name that ends in a slash), a folder or archive of IMDB
 * reviews, a folder of tables, or else a table; for env:NAME what that variable holds. The caller closes it.
 *
 * Throws SOURCE_MISSING and what placeOf, openEmbedded, downloadHttp, downloadS3, listS3, openImdb, openTables and
 * openTableSource throw.
 */
export async function openSource(settings: SourceSettings, options: SourceOptions): Promise<Source> {
  const { source: name } = settings;
  const place = placeOf(name);
  // A place of the environment is a secret: reports and errors call it by its variable.
  const download = { ...options, ...(isFromEnvironment(name) && { name }) };
  if (place.startsWith('embedded:')) return openEmbedded(place.slice('embedded:'.length));
  if (/^https?:\/\//i.test(place)) return openDownloaded(await downloadHttp(place, download), settings, options);
  if (place.startsWith('s3://')) {
    if (place.endsWith('/')) return openTables(name, await partsInS3(place, settings, options), hasIds(settings));
    return openDownloaded(await downloadS3(place, download), settings, options);
  }
  const facts = statSync(place, { throwIfNoEntry: false });
  if (!facts) {
    throw new SentimentError('SOURCE_MISSING', `there is no file or folder ${place}`, {
      next: 'name a table, a folder, an address or embedded:all as a source of data_ingestion in params.yaml',
    });
  }
  const { log } = options;
  if (!facts.isDirectory()) return openFile(place, { name, fileName: basename(place), log }, settings);
  if (isImdbFolder(place)) return openImdb(place, name, 'folder');
  const parts = tablesIn(place).map((fileName): Part => {
    const file = { name: join(name, fileName), fileName, log };
    return { name: fileName, open: () => openTableSource(join(place, fileName), file, settings) };
  });
  return openTables(name, parts, hasIds(settings));
}

async function partsInS3(place: string, settings: SourceSettings, options: SourceOptions): Promise<Part[]> {
  const keys = (await listS3(place)).filter(isTable);
  return keys.map((key) => {
    const download = { ...options, name: settings.source + (settings.source.endsWith('/') ? '' : '/') + key };
    return { name: key, open: async () => openDownloaded(await downloadS3(place + key, download), settings, options) };
  });
}

function hasIds({ id_column }: SourceSettings): boolean {
  return id_column !== '';
}

async function openDownloaded(
  file: Downloaded,
  settings: SourceSettings,
  { log }: Pick<SourceOptions, 'log'>,
): Promise<Source> {
  try {
    const source = await openFile(file.path, { name: file.name, fileName: file.fileName, log }, settings);
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

type TableFile = {
  /** What reports and errors call it. */
  name: string;
  /** Its ending gives the format where the content leaves it open. */
  fileName: string;
  log: (line: string) => void;
};

function openFile(path: string, file: TableFile, settings: SourceSettings): Promise<Source> {
  if (isArchiveName(file.fileName)) return openImdb(path, file.name, 'archive');
  return openTableSource(path, file, settings);
}

/**
 * With a rating_column the label_column is not read. Without an id_column the line number is the id. The log says what
 * was detected.
 *
 * Throws COLUMN_MISSING (2), LABEL_COLUMN_UNNAMED (2) and what readTable throws.
 */
export async function openTableSource(
  path: string,
  { name, fileName, log }: TableFile,
  columns: TableSettings,
): Promise<Source> {
  if (columns.rating_column === '' && columns.label_column === '') {
    throw usageError(
      'LABEL_COLUMN_UNNAMED',
      `both label_column and rating_column are empty, so ${name} has no labels`,
      'name the column that says which texts are positive or negative',
    );
  }
  // Collected here so that readItems can yield them in their place between the good rows.
  const bad: RowProblem[] = [];
  const table = await readTable(path, { name, fileName, reading: columns, onBadRow: (row) => bad.push(row) });
  if (table.note) log(`${name}: ${table.note}`);
  const opinion = columns.rating_column || columns.label_column;
  try {
    requireColumns(
      table,
      [...textColumnNames(columns.text_column), opinion, columns.id_column, columns.group_column].filter(Boolean),
    );
  } catch (error) {
    await table.close();
    throw error;
  }
  return { name, items: readItems(table, bad, columns), close: () => table.close() };
}

async function* readItems(
  table: Table,
  bad: RowProblem[],
  columns: ColumnSettings,
): AsyncGenerator<Candidate | BadRow, void> {
  function* takeBad(): Generator<BadRow> {
    for (const row of bad.splice(0)) yield { where: `${table.name}:${row.line}`, problem: describeProblem(row) };
  }
  for await (const tableRow of table.rows) {
    yield* takeBad();
    yield readItem(tableRow, table.name, columns);
  }
  yield* takeBad();
}

function readItem({ row, line }: TableRow, name: string, columns: ColumnSettings): Candidate | BadRow {
  const where = `${name}:${line}`;
  const cells = [
    textOf(row, textColumnNames(columns.text_column)),
    ...[columns.rating_column || columns.label_column, columns.id_column, columns.group_column].map((column) =>
      textOf(row, column === '' ? [] : [column]),
    ),
  ];
  const structured = cells.find((cell) => 'problem' in cell);
  if (structured && 'problem' in structured) {
    return {
      where,
      problem: `column ${JSON.stringify(structured.column)} is a list or an object, not a text or number`,
    };
  }
  const [text, judged, id, group] = cells.map((cell) => ('text' in cell ? cell.text : ''));
  return {
    where,
    id: id || String(line),
    text,
    opinion: columns.rating_column === '' ? { label: judged } : { rating: judged },
    ...(group !== '' && { group }),
  };
}
