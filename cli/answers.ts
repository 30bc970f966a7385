/** What `predict` says of a text, and of the rows of a table. */
import type { RowProblem } from '../ml/corpus/records.ts';
import type { TableRow } from '../ml/corpus/table.ts';
import { RowError, type TableLines, type TableLinesOptions, tableLines } from '../ml/corpus/table_lines.ts';
import { textOf } from '../ml/corpus/text_columns.ts';
import { SentimentError, usageError } from '../ml/errors.ts';
import { readModel } from '../ml/model/artifact.ts';
import { ENOUGH_KNOWN, knownShareOf } from '../ml/model/decision.ts';
import { LinearTextModel } from '../ml/model/linear_text_model.ts';
import type { SharedBytes } from '../ml/model/sections.ts';
import type { Model } from '../ml/model/types.ts';

export type Answered = {
  /**
   * Label and probability, and for more than two classes the probability of each. All are null for an empty text; the
   * label is null where the model abstains.
   */
  cells: [label: string | null, ...probabilities: (number | null)[]];
  /** Share of the words that the model knows; null for an empty text. */
  known: number | null;
};

export function answerOf(model: Model, text: string): Answered {
  const more = model.classes.length > 2 ? model.classes.length : 0;
  if (!/\S/.test(text)) return { cells: [null, null, ...new Array<null>(more).fill(null)], known: null };
  const prediction = model.predict(text);
  const { label, abstains, probability, probabilities } = prediction;
  const cells: Answered['cells'] = [abstains ? null : label, probability];
  if (more > 0) cells.push(...probabilities);
  return { cells, known: knownShareOf(prediction) };
}

/** `writtenOut`: read a written-out \n, \t or \" as the sign that it stands for. */
export type ModelToRead = { path: string; writtenOut?: boolean | undefined; shared?: SharedBytes | undefined };

/** Throws PREDICT_WRITTEN_OUT (2), and what readModel throws. */
export function readModelOf({ path, writtenOut, shared }: ModelToRead): LinearTextModel {
  const model = readModel(path, { shared });
  return writtenOut ? readingWrittenOut(model, path) : model;
}

/** The same model for texts of an export that writes line ends and quotes out, as \n and \". */
function readingWrittenOut({ parts, digest }: LinearTextModel, path: string): LinearTextModel {
  if (parts.normalize.rules === undefined) {
    throw usageError(
      'PREDICT_WRITTEN_OUT',
      `${path} was made before --written-out existed, and reads texts by the rules of that time`,
      'train the model anew, or replace the written-out line ends in the table',
    );
  }
  return new LinearTextModel({ ...parts, normalize: { ...parts.normalize, written_out: true } }, digest);
}

/** What is the same for all rows of a table. Plain data, which threads can be given. */
export type Task = {
  /** What messages call the table. */
  name: string;
  textColumn: readonly string[];
  /** Names of the added columns. */
  added: readonly string[];
  withShare: boolean;
  /** Leave bad rows out. */
  keepGoing: boolean;
  lines: TableLinesOptions;
};

export type RowCounts = {
  rows: number;
  withoutText: number;
  /** Rows without an answer. */
  unanswered: number;
  /** Rows of whose words the model knows too few to be relied on. */
  hardlyKnown: number;
};

/** The lines of some rows, and bad rows that were left out. */
export type AnsweredRows = { lines: Uint8Array<ArrayBuffer>; counts: RowCounts; bad: RowProblem[] };

/** Answers rows and writes their lines, until they are taken. */
export class RowAnswers {
  readonly #model: Model;
  readonly #task: Task;
  readonly #lines: TableLines;
  #written: Uint8Array[] = [];
  #bad: RowProblem[] = [];
  #counts = noCounts();

  constructor(model: Model, task: Task) {
    this.#model = model;
    this.#task = task;
    this.#lines = tableLines(task.lines);
  }

  /** Rows since the last `take`. */
  get size(): number {
    return this.#counts.rows;
  }

  /** Throws COLUMN_TAKEN (2), and without `keepGoing` a RowError. */
  add(row: TableRow): void {
    const { added, name, textColumn, withShare, keepGoing } = this.#task;
    // In JSONL every row can have fields of its own.
    for (const column of added) if (column in row.row) throw columnTaken(`${name}:${row.line}`, column);
    try {
      const { cells, known } = answerOf(this.#model, textOfRow(row, textColumn, name));
      this.#written.push(this.#lines.lineOf(row, withShare ? [...cells, known] : cells));
      const counts = this.#counts;
      counts.rows++;
      if (known === null) counts.withoutText++;
      else if (cells[0] === null) counts.unanswered++;
      if (known !== null && known < ENOUGH_KNOWN) counts.hardlyKnown++;
    } catch (error) {
      if (!keepGoing || !(error instanceof RowError)) throw error;
      this.addBad(error.row);
    }
  }

  addBad(row: RowProblem): void {
    this.#bad.push(row);
  }

  take(): AnsweredRows {
    const lines = new Uint8Array(this.#written.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const line of this.#written) {
      lines.set(line, at);
      at += line.length;
    }
    const taken = { lines, counts: this.#counts, bad: this.#bad };
    this.#written = [];
    this.#bad = [];
    this.#counts = noCounts();
    return taken;
  }
}

export function noCounts(): RowCounts {
  return { rows: 0, withoutText: 0, unanswered: 0, hardlyKnown: 0 };
}

function textOfRow({ row, line }: TableRow, columns: readonly string[], name: string): string {
  const found = textOf(row, columns);
  if ('text' in found) return found.text;
  throw new RowError('TEXT_INVALID', name, { line, ...found }, 'name the field that holds the text with --text-column');
}

export function columnTaken(where: string, column: string): SentimentError {
  return new SentimentError('COLUMN_TAKEN', `${where} already has a column ${JSON.stringify(column)}`, {
    next: 'give the added columns other names: --prefix predicted_',
    exitCode: 2,
  });
}
