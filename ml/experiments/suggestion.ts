/** The best settings as a change of params.yaml to read, weigh and apply with `git apply FILE`. */
import { isScalar, parseDocument } from 'yaml';

/** "model_building.C" -> 10 */
export type Changes = Record<string, unknown>;

/** Settings by their path. */
export function flatten(changes: object, prefix = ''): Changes {
  return Object.fromEntries(
    Object.entries(changes).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flatten(value, `${prefix}${key}.`))
        : [[`${prefix}${key}`, value]],
    ),
  );
}

/**
 * The text of params.yaml with single values replaced and all else unchanged, comments too; undefined when a changed
 * value is missing in the text or is not a single value.
 */
export function changeParams(text: string, changes: Changes): string | undefined {
  const document = parseDocument(text);
  const edits: { from: number; to: number; value: string }[] = [];
  for (const [path, value] of Object.entries(changes)) {
    const node = document.getIn(path.split('.'), true);
    if (!isScalar(node) || !node.range || typeof value === 'object') return undefined;
    edits.push({ from: node.range[0], to: node.range[1], value: String(value) });
  }
  edits.sort((a, b) => b.from - a.from);
  return edits.reduce((result, { from, to, value }) => result.slice(0, from) + value + result.slice(to), text);
}

const CONTEXT = 3;

/** A unified diff of two texts with the same number of lines; empty when they are equal. */
export function unifiedDiff(path: string, before: string, after: string): string {
  const old = before.split('\n');
  const now = after.split('\n');
  const changed = old.flatMap((line, i) => (line === now[i] ? [] : [i]));
  if (changed.length === 0) return '';
  const hunks: { from: number; to: number }[] = [];
  const last = old.at(-1) === '' ? old.length - 1 : old.length;
  for (const i of changed) {
    const from = Math.max(0, i - CONTEXT);
    const to = Math.min(last, i + CONTEXT + 1);
    const open = hunks.at(-1);
    if (open && from <= open.to) open.to = to;
    else hunks.push({ from, to });
  }
  const body = hunks.flatMap(({ from, to }) => [
    `@@ -${from + 1},${to - from} +${from + 1},${to - from} @@`,
    ...old
      .slice(from, to)
      .flatMap((line, k) => (line === now[from + k] ? [` ${line}`] : [`-${line}`, `+${now[from + k]}`])),
  ]);
  return [`--- a/${path}`, `+++ b/${path}`, ...body, ''].join('\n');
}
