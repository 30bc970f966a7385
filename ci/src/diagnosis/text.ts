/** The cluster's own words, made fit to print: one line, bounded, without secrets. */
import { redact } from '../redact.ts';

/** One line of at most `length` characters. */
export function quote(text: string | undefined, length = 400): string {
  const line = redact((text ?? '').replace(/\s+/g, ' ').trim());
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

/** The last eight lines of a log that are not empty, each at most 200 characters, without colours. */
export function lastLines(log: string): string[] {
  return redact(log)
    .replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-8)
    .map((line) => quote(line, 200));
}

/** "once", "twice", "3 times" */
export function times(count: number): string {
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}
