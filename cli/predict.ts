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
import { readModel } from '../ml/model/artifact.ts';
import type { LinearTextModel } from '../ml/model/linear_text_model.ts';
import type { Model } from '../ml/model/types.ts';
import { ingestionOfModel } from '../ml/params.ts';
import { type BadRows, collectBadRows } from './bad_rows.ts';
import { checkOutput, cleaningUp, printable } from './output.ts';
import { startProgress } from './progress.ts';

export type PredictOptions = Omit<TableOptions, 'data'> & { model: string; data?: string };

type TableOptions = ReadingOptions & {
  /** Path of the table, or - for stdin. */
  data: string;
  /** Defaults to what the content shows or the name of the file says. */
  format?: TableFormat;
  /** Several are joined by a sentence end. By default the columns that the model learnt from, else `text`. */
  textColumn?: string[];
  out?: string;
  /** Put before the names of the added columns. */
  prefix: string;
  spreadsheetSafe?: boolean;
  /** Leave bad rows out instead of stopping at the first. */
  keepGoing?: boolean;
  /** Path of the report of bad rows. */
  badRows?: string;
};

const STDIN = '-';

const SOME_ROWS_LEFT_OUT = 4;

const DEFAULT_COLUMN = 'text';

/**
 * Throws PREDICT_BOTH (2), PREDICT_OUT (2), PREDICT_BAD_ROWS (2), COLUMN_TAKEN (2), TEXT_INVALID, and what readModel,
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
  const model = readModel(path);
  if (data !== undefined) await predictTable(model, path, { data, ...options });
  else if (text !== undefined) process.stdout.write(lineOf(model, text));
  else await predictLines(model);
}

async function predictLines(model: Model): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Type one text per line; Ctrl-D ends the input.\n');
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (!process.stdout.write(lineOf(model, text))) await once(process.stdout, 'drain');
  }
}

function lineOf(model: Model, text: string): string {
  const [label, probability] = cellsOf(model, text);
  return `${label ?? ''}\t${probability?.toFixed(4) ?? ''}\t${printable(text)}\n`;
}

type Cells = [label: string | null, ...probabilities: (number | null)[]];

/**
 * Label and probability, and for more than two classes the probability of each. All are null for an empty text; the label
 * is null where the model abstains.
 */
function cellsOf(model: Model, text: string): Cells {
  const more = model.classes.length > 2 ? model.classes.length : 0;
  if (!/\S/.test(text)) return [null, null, ...new Array<null>(more).fill(null)];
  const { label, abstains, probability, probabilities } = model.predict(text);
  return [abstains ? null : label, probability, ...(more > 0 ? probabilities : [])];
}

/** `modelPath` is a file that --out may not overwrite. */
async function predictTable(model: LinearTextModel, modelPath: string, options: TableOptions): Promise<void> {
  const { data, out, prefix, spreadsheetSafe } = options;
  const name = data === STDIN ? 'stdin' : data;
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
  const added = ['label', 'probability', ...ofClasses].map((name) => prefix + name);
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
  const { withoutText, unanswered } = await cleaningUp(
    () => writePredictions({ model, table, textColumn, added, writer, bad, onRow: progress.countRow }),
    () => writer.abort(),
  );
  const notes = [
    withoutText > 0 ? ` (${withoutText} without text)` : '',
    unanswered > 0 ? ` (${unanswered} without an answer)` : '',
    bad ? ` (${bad.count} bad ${bad.count === 1 ? 'row' : 'rows'} left out)` : '',
    out === undefined ? '' : ` -> ${out}`,
  ];
  progress.done(notes.join(''));
  bad?.finish();
  if (bad && bad.count > 0) process.exitCode = SOME_ROWS_LEFT_OUT;
}

function textColumnsOf({ facts }: LinearTextModel, { columns }: Table): readonly string[] {
  const learnt = textColumnNames(ingestionOfModel(facts)?.text_column ?? DEFAULT_COLUMN);
  return learnt.every((column) => columns.includes(column)) ? learnt : [DEFAULT_COLUMN];
}

type Work = {
  model: Model;
  table: Table;
  textColumn: readonly string[];
  added: readonly string[];
  writer: TableWriter;
  bad: BadRows | undefined;
  onRow(): void;
};

/** Returns the number of rows without a text, and of those that the model does not answer. */
async function writePredictions({
  model,
  table,
  textColumn,
  added,
  writer,
  bad,
  onRow,
}: Work): Promise<{ withoutText: number; unanswered: number }> {
  let withoutText = 0;
  let unanswered = 0;
  async function writeRow(row: TableRow): Promise<void> {
    const text = textOfRow(row, textColumn, table.name);
    const cells = cellsOf(model, text);
    await writer.write(row, cells);
    if (!/\S/.test(text)) withoutText++;
    else if (cells[0] === null) unanswered++;
  }
  for await (const row of table.rows) {
    // In JSONL every row can have fields of its own.
    for (const column of added) {
      if (column in row.row) throw columnTaken(`${table.name}:${row.line}`, column);
    }
    try {
      await writeRow(row);
      onRow();
    } catch (error) {
      if (!bad || !(error instanceof RowError)) throw error;
      bad.add(error.row);
    }
  }
  await writer.finish();
  return { withoutText, unanswered };
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
