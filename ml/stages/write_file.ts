/** Writes reports so that nobody ever reads half of one: under a temporary name first, then renamed. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folder where it is missing. Leaves neither file behind when writing fails. */
export function writeText(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Readable JSON with fractions cut to six significant digits: more would be noise in a diff. */
export function writeJson(path: string, value: unknown): void {
  writeText(path, `${JSON.stringify(value, rounded, 2)}\n`);
}

/** A JSON array with one row a line. */
export function writeRows(path: string, rows: readonly unknown[]): void {
  writeText(path, `[\n${rows.map((row) => JSON.stringify(row, rounded)).join(',\n')}\n]\n`);
}

/** One JSON object a line. */
export function writeLines(path: string, rows: readonly unknown[]): void {
  writeText(path, rows.map((row) => `${JSON.stringify(row, rounded)}\n`).join(''));
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
