/**
 * How the cells of a table are separated, quoted and escaped: as somebody says, or as its first bytes show where they
 * allow one reading only.
 */
import { usageError } from '../errors.ts';
import { type Dialect, RecordScanner } from './delimited.ts';

/** As a person gives them, on the command line or in params.yaml. What is not given is detected. */
export type ReadingOptions = {
  /** A name that TextDecoder knows, such as utf-8, utf-16le or windows-1252. */
  encoding?: string | undefined;
  /** One character, or tab. */
  delimiter?: string | undefined;
  /** One character, or none. */
  quote?: string | undefined;
  /** One character, or none. */
  escape?: string | undefined;
  /** first, none, or the names of the columns of a file without a header, separated by commas. */
  header?: string | undefined;
};

export type Found = {
  dialect: Dialect;
  /** Whether all records have the cells of the first one, and more than one. */
  certain: boolean;
  /** For the log, what was detected and is not the default: "semicolon-separated". */
  separation: string | undefined;
  escapes: string | undefined;
};

type Evidence = { fits: boolean; columns: number; rows: number; letters: number };

const NAMES: Record<string, string> = { tab: '\t', '\\t': '\t', comma: ',', semicolon: ';', pipe: '|', space: ' ' };
const DELIMITERS = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'pipe' } as const;
const BACKSLASH = '\\';

/**
 * `head` are the first bytes of the table, or all of them (`whole`). `own` is the delimiter that the format has by
 * default. Throws DIALECT_INVALID (2).
 */
export function findDialect(head: Buffer, whole: boolean, own: ',' | '\t', given: ReadingOptions): Found {
  const { delimiter, quote, sign } = parseDialect(given);
  const header = headerOf(given);
  const delimiters = delimiter ? [delimiter] : [own, ...Object.keys(DELIMITERS).filter((other) => other !== own)];
  const named = Array.isArray(header) ? header.length : undefined;
  const tried = delimiters.map((mark) => {
    const variants = variantsOf(mark, quote, sign).map((dialect) => ({
      dialect,
      evidence: examine(head, whole, dialect, named),
    }));
    return chooseVariant(variants);
  });
  const [first, ...others] = tried;
  let chosen = first;
  const isTable = ({ fits, columns }: Evidence) => fits && columns > 1;
  if (!isTable(first.evidence)) {
    const possible = others.filter(({ evidence }) => isTable(evidence) && evidence.rows > 0);
    if (possible.length === 1) [chosen] = possible;
  }
  const mark = chosen.dialect.delimiter;
  const isOther = delimiter === undefined && mark !== own;
  const isEscaped = sign === undefined && chosen.dialect.escape !== undefined;
  return {
    dialect: chosen.dialect,
    certain: isTable(chosen.evidence),
    separation: isOther ? `${DELIMITERS[mark as keyof typeof DELIMITERS]}-separated` : undefined,
    escapes: isEscaped ? 'with quotes escaped by backslashes' : undefined,
  };
}

/** `first` and `none` as they are; names as a list. Throws DIALECT_INVALID (2) for an empty or a repeated name. */
export function headerOf({ header = 'first' }: ReadingOptions): 'first' | 'none' | string[] {
  if (/^(first|none)$/i.test(header)) return header.toLowerCase() as 'first' | 'none';
  const names = header.split(',').map((name) => name.trim());
  if (names.every((name, i) => name !== '' && names.indexOf(name) === i)) return names;
  throw invalid('header', header, 'first, none, or different names separated by commas');
}

function parseDialect(given: ReadingOptions) {
  const delimiter = given.delimiter === undefined ? undefined : characterOf('delimiter', given.delimiter, 'or tab');
  const quote = given.quote === undefined ? undefined : characterOrNone('quote', given.quote);
  const sign = given.escape === undefined ? undefined : characterOrNone('escape', given.escape);
  if (delimiter !== undefined && (delimiter === quote || delimiter === sign)) {
    throw invalid('delimiter', delimiter, 'another character than the quote and the escape');
  }
  return { delimiter, quote, sign };
}

function characterOrNone(option: string, value: string): string {
  return /^(none|)$/i.test(value) ? 'none' : characterOf(option, value, 'or none');
}

function characterOf(option: string, value: string, or: string): string {
  const character = NAMES[value.toLowerCase()] ?? value;
  const code = character.charCodeAt(0);
  if (character.length === 1 && code > 0 && code < 128 && code !== 10 && code !== 13) return character;
  throw invalid(option, value, `one ASCII character ${or}`);
}

function invalid(option: string, value: string, expected: string) {
  return usageError('DIALECT_INVALID', `${option} is ${JSON.stringify(value)}, not ${expected}`);
}

/** The likely ones first. In tab-separated tables most quotes are letters, so broken ones are no fault there. */
function variantsOf(delimiter: string, quote: string | undefined, given: string | undefined): Dialect[] {
  const mark = quote === 'none' ? undefined : (quote ?? '"');
  const lenient: Dialect['quotes'][] = quote === undefined ? ['line', 'lines'] : ['lines'];
  const quotes: Dialect['quotes'][] = delimiter === '\t' ? lenient : ['strict'];
  const escapes = given === undefined ? (mark ? [undefined, BACKSLASH] : [undefined]) : [given];
  return escapes.flatMap((sign) =>
    quotes.map((kind) => ({ delimiter, quote: mark, escape: sign === 'none' ? undefined : sign, quotes: kind })),
  );
}

type Variant = { dialect: Dialect; evidence: Evidence };

/** Quotes that hide line ends must be needed: where every line is a row without them, they are letters. */
function chooseVariant(variants: Variant[]): Variant {
  const fitting = variants.filter(({ evidence }) => evidence.fits);
  const clean = fitting.filter(({ evidence }) => evidence.letters === 0);
  const byLine = ({ dialect }: Variant) => dialect.quotes !== 'lines';
  const line = fitting.find((variant) => byLine(variant) && variant.evidence.columns > 1);
  return clean.find(byLine) ?? line ?? clean[0] ?? fitting[0] ?? variants[0];
}

/** Reads all complete records: do they have the cells of the first one, and how many quotes are letters? */
function examine(head: Buffer, whole: boolean, dialect: Dialect, named: number | undefined): Evidence {
  const scanner = new RecordScanner(dialect);
  scanner.add(head);
  let columns = named ?? 0;
  let unnamed = 0;
  let rows = named === undefined ? -1 : 0;
  for (let record = scanner.next(whole); record !== undefined; record = scanner.next(whole)) {
    if (typeof record === 'string') return { fits: false, columns, rows, letters: scanner.letters };
    const { cells } = record;
    if (++rows === 0) {
      columns = cells.length;
      unnamed = columns - 1 - cells.findLastIndex(({ length }) => length > 0);
    }
    const extra = cells.slice(columns);
    if (cells.length < columns - unnamed || extra.some(({ length }) => length > 0)) {
      return { fits: false, columns, rows, letters: scanner.letters };
    }
  }
  return { fits: true, columns, rows, letters: scanner.letters };
}
