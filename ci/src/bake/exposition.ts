/**
 * The text format in which a service shows its metrics.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */

export type Sample = { name: string; labels: Record<string, string>; value: number };

/** Lines that it cannot read are left out: a service may write more than this needs. */
export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const found = line.startsWith('#') ? undefined : parseLine(line.trim());
    return found ? [found] : [];
  });
}

function parseLine(line: string): Sample | undefined {
  const open = line.indexOf('{');
  const close = open < 0 ? -1 : endOfLabels(line, open);
  if (open >= 0 && close < 0) return undefined;
  const name = open < 0 ? line.split(/\s/, 1)[0] : line.slice(0, open);
  const [number = ''] = line
    .slice(open < 0 ? name.length : close + 1)
    .trim()
    .split(/\s+/);
  const value = numberOf(number);
  if (name === '' || number === '' || Number.isNaN(value)) return undefined;
  return { name, labels: open < 0 ? {} : labelsOf(line.slice(open + 1, close)), value };
}

/** The brace that is in no quotes. */
function endOfLabels(line: string, open: number): number {
  let isQuoted = false;
  for (let at = open + 1; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') isQuoted = !isQuoted;
    else if (line[at] === '}' && !isQuoted) return at;
  }
  return -1;
}

/** Stops at the first thing that is no label: a search on from there would read a long value again and again. */
function labelsOf(text: string): Record<string, string> {
  const next = /,?\s{0,9}([A-Za-z_]\w{0,200})="((?:[^"\\]|\\.)*)"/y;
  const labels: Record<string, string> = {};
  for (let found = next.exec(text); found; found = next.exec(text)) labels[found[1]] = unescaped(found[2]);
  return labels;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
}

function numberOf(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}
