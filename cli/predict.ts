/**
 * `sentiment predict`: one text, lines of stdin, or a table of any size. A table keeps its rows in order and gives back
 * all its columns unchanged, is read one row at a time, and its output file appears only when it is complete.
 */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { formatOf, type TableFormat } from '../ml/corpus/data_file.ts';
import type { ReadingOptions } from '../ml/corpus/dialect.ts';
import { readTable, requireColumns, type Table, type TableRow } from '../ml/corpus/table.ts';
import { RowError } from '../ml/corpus/table_lines.ts';
import { openTableWriter, type TableWriter } from '../ml/corpus/table_writer.ts';
import { textColumnNames, textOf } from '../ml/corpus/text_columns.ts';
import { SentimentError, usageError } from '../ml/errors.ts';
import { ENOUGH_KNOWN } from '../ml/model/decision.ts';
import type { LinearTextModel } from '../ml/model/linear_text_model.ts';
import type { Model } from '../ml/model/types.ts';
import { ingestionOfModel } from '../ml/params.ts';
import { type Answered, Answering, answerOf, readModelOf } from './answers.ts';
import { type BadRows, collectBadRows } from './bad_rows.ts';
import { checkOutput, cleaningUp, printable } from './output.ts';
import { startProgress } from './progress.ts';

export type PredictOptions = Omit<TableOptions, 'data'> & { model: string; data?: string };

export type TableOptions = ReadingOptions & {
  /** Path of the table, or - for stdin. */
  data: string;
  /** What messages call the table; by default its path. */
  name?: string;
  /** Defaults to what the content shows or the name of the file says. */
  format?: TableFormat;
  /** Several are joined by a sentence end. By default the columns that the model learnt from, else `text`. */
  textColumn?: string[];
  out?: string;
  /** Put before the names of the added columns. */
  prefix: string;
  spreadsheetSafe?: boolean;
  /** Add the share of the words that the model knows. */
  knownShare?: boolean;
  /** Read a written-out \n, \t or \" as the sign that it stands for. */
  writtenOut?: boolean;
  /** How many threads answer the rows of a large file; 0 answers them here. */
  threads?: number;
  /** Leave bad rows out instead of stopping at the first. */
  keepGoing?: boolean;
  /** Path of the report of bad rows. */
  badRows?: string;
};

const STDIN = '-';

/** Rows that are answered together. */
const BATCH = 512;

const SOME_ROWS_LEFT_OUT = 4;

const DEFAULT_COLUMN = 'text';

/**
 * Throws PREDICT_BOTH (2), PREDICT_OUT (2), PREDICT_BAD_ROWS (2), PREDICT_WRITTEN_OUT (2), COLUMN_TAKEN (2), TEXT_INVALID, and what readModel,
 * readTable, openTableWriter and checkOutput throw. Sets the exit code 4 if rows were left out.
 */
export async function predict(text: string | undefined, { model: path, data, ...options }: PredictOptions) {
  if (text !== undefined && data !== undefined) {
    throw usageError('PREDICT_BOTH', 'a text and --data are both given', 'give one of the two');
  }
  if (data === undefined && options.out !== undefined) {
    throw usageError('PREDICT_OUT', '--out needs --data', 'name the table with --data, or redirect: > file');
  }
  if (options.badRows !== undefined && !options.keepGoing) {
    throw usageError('PREDICT_BAD_ROWS', '--bad-rows needs --keep-going', 'add --keep-going');
  }
  const model = readModelOf({ path, writtenOut: options.writtenOut });
  if (data !== undefined) {
    if ((await predictTable(model, path, { data, ...options })) > 0) process.exitCode = SOME_ROWS_LEFT_OUT;
  } else await predictLines(model, text === undefined ? stdinLines() : [text], options.knownShare === true);
}

function stdinLines(): AsyncIterable<string> {
  if (process.stdin.isTTY) process.stderr.write('Type one text per line; Ctrl-D ends the input.\n');
  return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

async function predictLines(
  model: Model,
  texts: Iterable<string> | AsyncIterable<string>,
  withShare: boolean,
): Promise<void> {
  let hardlyKnown = 0;
  for await (const text of texts) {
    const { known, cells } = answerOf(model, text);
    if (known !== null && known < ENOUGH_KNOWN) hardlyKnown++;
    const [label, probability] = cells;
    const start = `${label ?? ''}\t${probability?.toFixed(4) ?? ''}\t${withShare ? `${known?.toFixed(4) ?? ''}\t` : ''}`;
    if (!process.stdout.write(`${start}${printable(text)}\n`)) await once(process.stdout, 'drain');
  }
  if (hardlyKnown > 0) process.stderr.write(`${describeHardlyKnown(hardlyKnown)}\n`);
}

function describeHardlyKnown(count: number): string {
  const texts = count === 1 ? 'in 1 text' : `in ${count.toLocaleString('en')} texts`;
  return `${texts} the model knows less than ${100 * ENOUGH_KNOWN} % of the words, so the result may be unreliable`;
}

/**
 * `modelPath` is a file that --out may not overwrite. Returns the number of rows left out; throws what `predict` throws.
 */
export async function predictTable(model: LinearTextModel, modelPath: string, options: TableOptions): Promise<number> {
  const { data, out, prefix, spreadsheetSafe, knownShare: withShare = false, writtenOut, threads = 0 } = options;
  const { name = data === STDIN ? 'stdin' : data } = options;
  const outFormat = out === undefined ? undefined : formatOf(out);
  const target = out === undefined ? process.stdout : checkOutput(out, [data, modelPath]);
  const bad = options.keepGoing ? collectBadRows(name, options.badRows, [data, modelPath, out ?? data]) : undefined;

  const progress = startProgress(data === STDIN ? 0 : (statSync(data, { throwIfNoEntry: false })?.size ?? 0));
  const source = data === STDIN ? process.stdin : createReadStream(data, { highWaterMark: 1 << 17 });
  const table = await readTable(progress.countBytes(source), {
    name,
    fileName: data === STDIN ? 'stdin.csv' : data,
    format: options.format,
    reading: options,
    onBadRow: bad?.add,
    skipBroken: bad !== undefined,
  });
  if (table.note) process.stderr.write(`${name}: ${table.note}\n`);
  const ofClasses = model.classes.length > 2 ? model.classes.map((name) => `probability_${name}`) : [];
  const added = ['label', 'probability', ...ofClasses, ...(withShare ? ['known_share'] : [])].map(
    (name) => prefix + name,
  );
  const textColumn = options.textColumn ?? textColumnsOf(model, table);
  try {
    requireColumns(table, textColumn);
    for (const column of added) if (table.columns.includes(column)) throw columnTaken(name, column);
  } catch (error) {
    await table.close();
    throw error;
  }
  const writer = await openTableWriter(target, {
    source: table,
    added,
    format: outFormat ?? table.format,
    gzip: out?.endsWith('.gz') ?? false,
    spreadsheetSafe,
  });
  // stdin may be slow, and its rows are wanted as they come.
  const batchSize = data === STDIN ? 1 : BATCH;
  const answering = new Answering(model, { path: modelPath, writtenOut, batchSize, threads });
  const { withoutText, unanswered, hardlyKnown } = await cleaningUp(
    () => writePredictions({ answering, table, textColumn, added, withShare, writer, bad, onRow: progress.countRow }),
    () => writer.abort(),
  ).finally(() => answering.close());
  const notes = [
    withoutText > 0 ? ` (${withoutText} without text)` : '',
    unanswered > 0 ? ` (${unanswered} without an answer)` : '',
    bad ? ` (${bad.count} bad ${bad.count === 1 ? 'row' : 'rows'} left out)` : '',
    out === undefined ? '' : ` -> ${out}`,
  ];
  progress.done(notes.join(''));
  if (hardlyKnown > 0) process.stderr.write(`${describeHardlyKnown(hardlyKnown)}\n`);
  bad?.finish();
  return bad?.count ?? 0;
}

function textColumnsOf({ facts }: LinearTextModel, { columns }: Table): readonly string[] {
  const learnt = textColumnNames(ingestionOfModel(facts)?.text_column ?? DEFAULT_COLUMN);
  return learnt.every((column) => columns.includes(column)) ? learnt : [DEFAULT_COLUMN];
}

type Asked = { rows: TableRow[]; answers: Promise<Answered[]> | Answered[] };

type Work = {
  answering: Answering;
  table: Table;
  textColumn: readonly string[];
  added: readonly string[];
  withShare: boolean;
  writer: TableWriter;
  bad: BadRows | undefined;
  onRow(): void;
};

type RowCounts = {
  withoutText: number;
  /** Rows without an answer. */
  unanswered: number;
  /** Rows of whose words the model knows too few to be relied on. */
  hardlyKnown: number;
};

/** Rows are read and written here, while threads answer those between. */
async function writePredictions(work: Work): Promise<RowCounts> {
  const { table, textColumn, added, answering, bad, writer } = work;
  const counts = { withoutText: 0, unanswered: 0, hardlyKnown: 0 };
  const asked: Asked[] = [];
  let rows: TableRow[] = [];
  let texts: string[] = [];
  const ask = () => {
    asked.push({ rows, answers: answering.ask(texts) });
    [rows, texts] = [[], []];
  };
  const writeOldest = async () => {
    const { rows: oldest, answers } = asked.shift()!;
    const all = await answers;
    for (const [i, row] of oldest.entries()) await writeRow(work, row, all[i], counts);
  };
  // What was read before an error is written, as if rows were answered one by one.
  let failure: { error: unknown } | undefined;
  try {
    for await (const row of table.rows) {
      // In JSONL every row can have fields of its own.
      for (const column of added) {
        if (column in row.row) throw columnTaken(`${table.name}:${row.line}`, column);
      }
      try {
        texts.push(textOfRow(row, textColumn, table.name));
        rows.push(row);
      } catch (error) {
        if (!bad || !(error instanceof RowError)) throw error;
        bad.add(error.row);
      }
      if (texts.length < answering.batchSize) continue;
      ask();
      if (asked.length > answering.ahead) await writeOldest();
    }
  } catch (error) {
    failure = { error };
  }
  ask();
  while (asked.length > 0) await writeOldest();
  if (failure) throw failure.error;
  await writer.finish();
  return counts;
}

async function writeRow(
  { writer, withShare, bad, onRow }: Work,
  row: TableRow,
  { cells, known }: Answered,
  counts: RowCounts,
): Promise<void> {
  try {
    await writer.write(row, withShare ? [...cells, known] : cells);
  } catch (error) {
    if (!bad || !(error instanceof RowError)) throw error;
    bad.add(error.row);
    return;
  }
  if (known === null) counts.withoutText++;
  else if (cells[0] === null) counts.unanswered++;
  if (known !== null && known < ENOUGH_KNOWN) counts.hardlyKnown++;
  onRow();
}

function textOfRow({ row, line }: TableRow, columns: readonly string[], name: string): string {
  const found = textOf(row, columns);
  if ('text' in found) return found.text;
  throw new RowError('TEXT_INVALID', name, { line, ...found }, 'name the field that holds the text with --text-column');
}

function columnTaken(where: string, column: string): SentimentError {
  return new SentimentError('COLUMN_TAKEN', `${where} already has a column ${JSON.stringify(column)}`, {
    next: 'give the added columns other names: --prefix predicted_',
    exitCode: 2,
  });
}
