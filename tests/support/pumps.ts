/**
 * Inputs on which a regular expression that backtracks takes more than linear time: for each part that may repeat without
 * a limit, what leads to it, then the part over and over, then something that does not fit.
 */

/** Least and most repetitions; most is Infinity for * and +. */
type Part = { samples: string[]; most: number; inner: Part[][] };

const CANDIDATES = [
  'a',
  'A',
  '0',
  '-',
  '.',
  '/',
  ':',
  '_',
  ' ',
  '\n',
  '"',
  "'",
  '@',
  '<',
  '>',
  '=',
  '+',
  ',',
  '{',
  '!',
  '\u0301',
  '\u00e9',
  '\u1161',
];
const SUFFIXES = ['', '\n', '\0', '!'];

/** Prefix, pump and suffix of each attack. */
export type Attack = { prefix: string; pump: string; suffix: string };

export function attacksOn({ source, flags }: RegExp): Attack[] {
  const parser = new PatternParser(source, flags);
  const pairs = new Map<string, Omit<Attack, 'suffix'>>();
  const visit = (alternatives: Part[][], before: string): void => {
    for (const parts of alternatives) {
      let prefix = before;
      for (const { samples, most, inner } of parts) {
        for (const sample of most === Number.POSITIVE_INFINITY ? samples : []) {
          for (const pair of [
            { prefix, pump: sample },
            { prefix: '', pump: sample },
            { prefix: '', pump: prefix + sample },
          ]) {
            if (pair.pump !== '') pairs.set(JSON.stringify(pair), pair);
          }
        }
        visit(inner, prefix);
        prefix += samples[0] ?? '';
      }
    }
  };
  visit(parser.alternatives(), '');
  return [...pairs.values()].flatMap((pair) => SUFFIXES.map((suffix) => ({ ...pair, suffix })));
}

/** Knows as much of the syntax as it takes to find the parts that repeat. */
class PatternParser {
  readonly #source: string;
  readonly #flags: string;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags.replace(/[gy]/g, '');
  }

  alternatives(): Part[][] {
    const all: Part[][] = [[]];
    while (this.#at < this.#source.length && this.#source[this.#at] !== ')') {
      if (this.#source[this.#at] === '|') {
        this.#at++;
        all.push([]);
      } else all.at(-1)!.push(this.#part());
    }
    return all;
  }

  #part(): Part {
    const group = this.#take(/\((?:\?(?:<?[=!]|:|<\w+>))?/y);
    if (group === '')
      return this.#repeated(
        this.#samplesOf(this.#take(/\[(?:\\.|[^\]\\])*\]|\\(?:p\{[^}]*\}|u\{[^}]*\}|u\w{4}|x\w\w|k<\w+>|.)|[\s\S]/y)),
        [],
      );
    const inner = this.alternatives();
    this.#at++;
    const isAssertion = /^\(\?<?[=!]/.test(group);
    const samples = isAssertion ? [] : inner.map((parts) => parts.map((part) => part.samples[0] ?? '').join(''));
    return this.#repeated(samples, inner);
  }

  #repeated(samples: string[], inner: Part[][]): Part {
    const quantifier = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y);
    const [, least = '1', isOpen] = /^\{(\d+)(,\})?/.exec(quantifier) ?? [];
    const most = /^[*+]/.test(quantifier) || isOpen ? Number.POSITIVE_INFINITY : 1;
    return { samples: samples.map((sample) => sample.repeat(Number(least))), most, inner };
  }

  /** Up to five characters that the atom matches; none for an assertion such as ^ or \b. */
  #samplesOf(atom: string): string[] {
    if (/^(?:[\^$]|\\[bB1-9])$/.test(atom)) return [];
    const literal = /^[\w\s"'`,:;=<>@#%&~!/-]$/.test(atom) ? [atom] : CANDIDATES;
    const pattern = new RegExp(`^(?:${atom})$`, this.#flags);
    const found = [...literal, ...atom.replace(/\\/g, '')].filter((candidate) => pattern.test(candidate));
    return [...new Set(found)].slice(0, 5);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [text = ''] = pattern.exec(this.#source) ?? [];
    this.#at += text.length;
    return text;
  }
}
