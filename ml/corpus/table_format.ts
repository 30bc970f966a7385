/** What a table file is, by its name. Any of them may be gzipped, with or without `.gz` at the end of the name. */
import { usageError } from '../errors.ts';

/**
 * `csv` is RFC 4180 with a header; `tsv` the same with tabs, and quotes that do not stand at the start of a cell are
 * plain characters; `jsonl` is one JSON object a line. All UTF-8.
 */
export type TableFormat = 'csv' | 'tsv' | 'jsonl';

const FORMATS: Record<string, TableFormat> = { csv: 'csv', tsv: 'tsv', tab: 'tsv', jsonl: 'jsonl', ndjson: 'jsonl' };

export const DELIMITERS = { csv: ',', tsv: '\t' } as const;

/** Throws TABLE_FORMAT (2) for a name that ends in none of .csv, .tsv, .tab, .jsonl, .ndjson, each with or without .gz. */
export function formatOf(name: string): TableFormat {
  const format = findFormat(name);
  if (format) return format;
  throw usageError(
    'TABLE_FORMAT',
    `cannot tell the format of ${name} from its name`,
    'let the name end in .csv, .tsv or .jsonl, with or without .gz',
  );
}

export function findFormat(name: string): TableFormat | undefined {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(name)?.[1].toLowerCase();
  return ending === undefined ? undefined : FORMATS[ending];
}
