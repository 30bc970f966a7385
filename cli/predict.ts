/**
 * `sentiment predict`: one text, lines of stdin, or a table of any size. A table keeps its rows in order and gives back
 * all its columns unchanged, and its output file appears only when it is complete. Memory does not grow with the table.
 *
 * A large file is cut into pieces (ml/corpus/pieces.ts). Threads read, answer and write the rows of each, while this one reads
 * and writes bytes. All threads look at one copy of the model's file.
 */
import { once } from 'node:events';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { formatOf, openDataFile, type TableFormat } from '../ml/corpus/data_file.ts';
import type { ReadingOptions } from '../ml/corpus/dialect.ts';
import { cutPieces } from '../ml/corpus/pieces.ts';
import type { RowProblem } from '../ml/corpus/records.ts';
import { type Layout, readTable, requireColumns, type Table } from '../ml/corpus/table.ts';
import { type TableLinesOptions, tableLines } from '../ml/corpus/table_lines.ts';
import { openTableWriter, type TableWriter } from '../ml/corpus/table_writer.ts';
import { textColumnNames } from '../ml/corpus/text_columns.ts';
import { SentimentError, usageError } from '../ml/errors.ts';
import { ENOUGH_KNOWN } from '../ml/model/decision.ts';
import type { LinearTextModel } from '../ml/model/linear_text_model.ts';
import type { Model } from '../ml/model/types.ts';
import { ingestionOfModel } from '../ml/params.ts';
import { Pool } from '../ml/threads.ts';
import {
  type AnsweredRows,
  answerOf,
  columnTaken,
  type ModelToRead,
  noCounts,
  RowAnswers,
  type RowCounts,
  readModelOf,
  type Task,
} from './answers.ts';
import { type BadRows, collectBadRows } from './bad_rows.ts';
import { checkOutput, cleaningUp, printable } from './output.ts';
import type { PieceAnswer, PieceTask } from './piece_worker.ts';
import { startProgress, type TableProgress } from './progress.ts';

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
  /** How many threads take the pieces of a large file; 0 does all the work here. */
  threads?: number;
  /** Leave bad rows out instead of stopping at the first. */
  keepGoing?: boolean;
  /** Path of the report of bad rows. */
  badRows?: string;
};

const STDIN = '-';

/** Bytes that are read together: about as many as a piece has. */
const CHUNK = 1 << 17;

/** Rows that are written together. */
const BATCH = 512;

/** Threads take as long to start as some 20,000 short texts to answer. */
const LEAST_FOR_THREADS = 1 << 20;

const SOME_ROWS_LEFT_OUT = 4;

const DEFAULT_COLUMN = 'text';

/**
 * Throws PREDICT_BOTH (2), PREDICT_FILE (2), PREDICT_OUT (2), PREDICT_BAD_ROWS (2), PREDICT_WRITTEN_OUT (2), COLUMN_TAKEN (2), TEXT_INVALID, and what readModel,
 * readTable, openTableWriter and checkOutput throw. Sets the exit code 4 if rows were left out.
 */
export async function predict(text: string | undefined, { model: path, data, ...options }: PredictOptions) {
  if (text !== undefined && data !== undefined) {
    throw usageError('PREDICT_BOTH', 'a text and --data are both given', 'give one of the two');
  }
  if (text !== undefined && existsSync(text) && statSync(text).isFile()) {
    throw usageError(
      'PREDICT_FILE',
      `"${text}" is a file, and predict takes a text`,
      `for the texts in it: predict --data ${text}`,
    );
  }
  if (data === undefined && options.out !== undefined) {
    throw usageError('PREDICT_OUT', '--out needs --data', 'name the table with --data, or redirect: > file');
  }
  if (options.badRows !== undefined && !options.keepGoing) {
    throw usageError('PREDICT_BAD_ROWS', '--bad-rows needs --keep-going', 'add --keep-going');
  }
  const toRead = { path, writtenOut: options.writtenOut, shared: {} };
  const model = readModelOf(toRead);
  if (data !== undefined) {
    if ((await predictTable(model, toRead, { data, ...options })) > 0) process.exitCode = SOME_ROWS_LEFT_OUT;
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
 * `toRead` says where threads find the model; --out may not overwrite its file. Returns the number of rows left out; throws
 * what `predict` throws.
 */
export async function predictTable(
  model: LinearTextModel,
  toRead: ModelToRead,
  options: TableOptions,
): Promise<number> {
  const { data, out, prefix, spreadsheetSafe = false, knownShare: withShare = false, threads = 0 } = options;
  const { name = data === STDIN ? 'stdin' : data } = options;
  const outFormat = out === undefined ? undefined : formatOf(out);
  const target = out === undefined ? process.stdout : checkOutput(out, [data, toRead.path]);
  const bad = options.keepGoing ? collectBadRows(name, options.badRows, [data, toRead.path, out ?? data]) : undefined;

  const file = data === STDIN ? undefined : statSync(data, { throwIfNoEntry: false });
  const progress = startProgress(file?.size ?? 0);
  const open = () => progress.countBytes(createReadStream(data, { highWaterMark: CHUNK }));
  let answers: RowAnswers | undefined;
  const early: RowProblem[] = [];
  const table = await readTable(data === STDIN ? progress.countBytes(process.stdin) : open(), {
    name,
    fileName: data === STDIN ? 'stdin.csv' : data,
    format: options.format,
    reading: options,
    onBadRow: bad && ((row) => (answers ? answers.addBad(row) : early.push(row))),
    skipBroken: bad !== undefined,
  }).catch((error: unknown) => {
    for (const row of early) bad?.add(row);
    throw error;
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
  const lines = { source: sourceOf(table), added, format: outFormat ?? table.format, spreadsheetSafe };
  const { opening } = tableLines(lines);
  const writer = await openTableWriter(target, { opening, gzip: out?.endsWith('.gz') ?? false });
  const task: Task = { name, textColumn, added, withShare, keepGoing: bad !== undefined, lines };
  const work: Work = { task, writer, bad, progress, counts: noCounts() };
  const { layout } = table;
  const isLarge = file?.isFile() && file.size >= LEAST_FOR_THREADS;
  const answerHere = () => {
    answers = new RowAnswers(model, task);
    for (const row of early) answers.addBad(row);
    // stdin may be slow, and its rows are wanted as they come.
    return writeRows(work, table, answers, data === STDIN ? 1 : BATCH);
  };
  const answer =
    threads > 0 && isLarge && layout && (!bad || isCutByLines(layout))
      ? async () => {
          await table.close();
          const { text } = await openDataFile(open(), name, options.encoding);
          await writePieces(work, { pieces: cutPieces(text, layout), layout, model: toRead, threads });
        }
      : answerHere;
  await cleaningUp(answer, () => writer.abort());
  const { withoutText, unanswered, hardlyKnown } = work.counts;
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

/** Without what threads cannot be given. */
function sourceOf({ name, format, columns, header, delimiter, mark, encoding }: Table): TableLinesOptions['source'] {
  return { name, format, columns, header, delimiter, mark, encoding };
}

/** Behind a row with broken quotes, quotes no longer tell where rows end. */
function isCutByLines(layout: Layout): boolean {
  return layout.kind === 'lines' || layout.dialect.quote === undefined;
}

type Work = {
  task: Task;
  writer: TableWriter;
  bad: BadRows | undefined;
  progress: TableProgress;
  counts: RowCounts;
};

async function writeRows(work: Work, table: Table, answers: RowAnswers, batch: number): Promise<void> {
  // What was read before an error is written, as if rows were answered one by one.
  try {
    for await (const row of table.rows) {
      answers.add(row);
      if (answers.size >= batch) await write(work, answers.take());
    }
  } finally {
    await write(work, answers.take());
  }
  await work.writer.finish();
}

type Pieces = {
  pieces: ReturnType<typeof cutPieces>;
  layout: Layout;
  model: ModelToRead;
  threads: number;
};

/** Writes the answers in the order of the pieces, of which each thread has one in work and one waiting. */
async function writePieces(work: Work, { pieces, layout, model, threads }: Pieces): Promise<void> {
  const data = { model, task: work.task, layout };
  const pool = new Pool<PieceTask, PieceAnswer>(threads, new URL('./piece_worker.ts', import.meta.url), data);
  const asked: Promise<PieceAnswer>[] = [];
  const writeOldest = async () => {
    const answer = await asked.shift()!;
    await write(work, answer);
    if (!answer.failure) return;
    const { message, code, next, exitCode } = answer.failure;
    throw new SentimentError(code, message, { next, exitCode });
  };
  // What was read before an error is written.
  let failure: { error: unknown } | undefined;
  const next = () =>
    pieces.next().catch((error: unknown) => {
      failure = { error };
      return { done: true, value: undefined } as const;
    });
  try {
    let first = true;
    for (let step = await next(); !step.done; step = await next()) {
      const answer = pool.ask({ piece: step.value, first });
      // An answer that nobody waits for any more must not end the program.
      answer.catch(() => {});
      asked.push(answer);
      first = false;
      if (asked.length >= 2 * threads) await writeOldest();
    }
    while (asked.length > 0) await writeOldest();
    if (failure) throw failure.error;
  } finally {
    await Promise.all([pool.close(), pieces.return()]);
  }
  await work.writer.finish();
}

async function write({ writer, bad, progress, counts }: Work, answered: AnsweredRows): Promise<void> {
  for (const row of answered.bad) bad?.add(row);
  if (answered.lines.length > 0) await writer.write(answered.lines);
  progress.countRows(answered.counts.rows);
  for (const key of Object.keys(counts) as (keyof RowCounts)[]) counts[key] += answered.counts[key];
}
