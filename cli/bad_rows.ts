/** Bad rows that a command leaves out: counted, shown on stderr, and reported in a CSV file if one is named. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { describeProblem, type RowProblem } from '../ml/corpus/records.ts';
import { csvLine } from '../ml/corpus/table_lines.ts';
import { checkOutput, printable } from './output.ts';

export type BadRows = {
  readonly count: number;
  add(row: RowProblem): void;
  /** Completes the report. */
  finish(): void;
};

/** More bad rows than this are in the report only. */
const SHOWN = 20;
/** Lines of the report that are written together. */
const BATCH = 1000;

/**
 * `name` is what errors call the table, `report` the path of the CSV file with line, column and problem of each bad row.
 * The report may not overwrite any of `others`. Throws what checkOutput throws.
 */
export function collectBadRows(name: string, report: string | undefined, others: readonly string[]): BadRows {
  const target = report === undefined ? undefined : checkOutput(report, others);
  if (target !== undefined) writeFileSync(target, 'line,column,problem\n');
  const lines: string[] = [];
  let count = 0;
  function flush(): void {
    if (target !== undefined) appendFileSync(target, lines.splice(0).join(''));
  }
  return {
    get count() {
      return count;
    },
    add(row) {
      count++;
      if (count <= SHOWN) process.stderr.write(`${name}:${row.line}: ${printable(describeProblem(row))}; left out\n`);
      if (count === SHOWN + 1) process.stderr.write(`more bad rows are ${target ? `in ${report}` : 'only counted'}\n`);
      if (target === undefined) return;
      lines.push(csvLine([String(row.line), row.column ?? '', row.problem]));
      if (lines.length === BATCH) flush();
    },
    finish: flush,
  };
}
