/** The text of a row, from one column or from several. */

/** In params.yaml one name or a list of names. */
export type TextColumns = string | readonly string[];

export function textColumnNames(columns: TextColumns): readonly string[] {
  return typeof columns === 'string' ? [columns] : columns;
}

/**
 * The texts of several columns are joined by a sentence end, so that no pair of words reaches from one into the next: a
 * title "Not for me" and a text "good for others" give "Not for me. good for others". Empty ones, null and missing fields
 * are left out. A list or an object is a problem of its column.
 */
export function textOf(
  row: Record<string, unknown>,
  columns: readonly string[],
): { text: string } | { column: string; problem: string } {
  let joined = '';
  for (const column of columns) {
    const value = row[column];
    if (typeof value === 'object' && value !== null) {
      return { column, problem: `is ${Array.isArray(value) ? 'a list' : 'an object'}, not a string` };
    }
    const text = value === undefined || value === null ? '' : String(value);
    joined = joined === '' || columns.length === 1 ? text : join(joined, text);
  }
  return { text: joined };
}

function join(before: string, after: string): string {
  if (!/\S/.test(after)) return before;
  if (!/\S/.test(before)) return after;
  return `${before}${/[.!?…。！？]["'”’)\]]*\s*$/.test(before) ? '' : '.'} ${after}`;
}
