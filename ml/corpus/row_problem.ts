/** What is wrong with one row of a table, while the rows around it can still be trusted. */
import { SentimentError } from '../errors.ts';

export type RowProblem = {
  /** Number of the row's first line, from 1. */
  line: number;
  /** Name of the column or field, where it is one. */
  column?: string;
  /** What is wrong, as the end of a sentence: "is not valid UTF-8". */
  problem: string;
};

/** "column "text" is not valid UTF-8". */
export function describeProblem({ column, problem }: RowProblem): string {
  return column === undefined ? problem : `column ${JSON.stringify(column)} ${problem}`;
}

/** ROW_INVALID, for those who cannot do without a row. */
export function rowError(name: string, row: RowProblem): SentimentError {
  return new SentimentError('ROW_INVALID', `${name}:${row.line}: ${describeProblem(row)}`, {
    next: 'correct or remove the row',
  });
}
