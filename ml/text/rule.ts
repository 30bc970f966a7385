/**
 * Rewriting a text by rules: one after the other, each only where a letter occurs that it may change.
 *
 * A rule is a pattern and what replaces a match. So the same rule rewrites a text (`Rules.apply`) and says where each letter of
 * the result comes from (`Rules.track`), which explanations need. Time is linear in the length of the text for each rule.
 */

import { Letters } from './letters.ts';

export type Rule = {
  /** Matches one UTF-16 code at a time: no text without such a code is changed by the rule. */
  trigger: RegExp;
  /** The rule may also change a text with a run of three equal letters. */
  runs?: boolean;
  /** Global. A function if the whole text decides what may be replaced. */
  pattern: RegExp | ((text: string) => RegExp);
  /** Gets a match, its place and the whole text. */
  replace: string | ((match: string, at: number, text: string) => string);
  /** Does the same to a whole text, where that is faster, or differs from piece by piece in rare texts. */
  apply?: (text: string) => string;
};

export function applyRule(rule: Rule, text: string): string {
  if (rule.apply) return rule.apply(text);
  const { replace } = rule;
  const pattern = patternOf(rule, text);
  if (typeof replace === 'string') return text.replace(pattern, replace);
  return text.replace(pattern, (match: string, ...rest: (string | number)[]) => {
    // Groups of the pattern come before the place.
    return replace(match, rest[rest.length - 2] as number, text);
  });
}

function patternOf({ pattern }: Rule, text: string): RegExp {
  return pattern instanceof RegExp ? pattern : pattern(text);
}

// Set for a code whose rules are not known yet.
const UNKNOWN = 1 << 30;

/** Applies rules in order. At most 29 of them. */
export class Rules {
  readonly #list: readonly Rule[];
  readonly #letters = new Letters();
  /** The rules that each code triggers, as bits. Filled as codes occur, so that start-up costs nothing. */
  readonly #triggered = new Int32Array(65536).fill(UNKNOWN);
  /** Those that a run of letters triggers. */
  readonly #byRuns: number;

  constructor(list: readonly Rule[]) {
    this.#list = list;
    this.#byRuns = bitsOf(list, ({ runs }) => runs === true);
  }

  apply(text: string): string {
    let bits = this.#bitsOf(text);
    if (bits === 0) return text;
    let result = text;
    for (let r = 0; r < this.#list.length; r++) {
      if ((bits & (1 << r)) === 0) continue;
      const changed = applyRule(this.#list[r], result);
      if (changed === result) continue;
      result = changed;
      // What a rule wrote may trigger later ones.
      bits |= this.#bitsOf(result);
    }
    return result;
  }

  /** What `apply` gives, and where each letter of it comes from; undefined in the rare text where that is not known. */
  track(text: string): Tracked | undefined {
    const start = Uint32Array.from({ length: text.length }, (_, i) => i);
    let tracked: Tracked = { text, start, end: start.map((i) => i + 1) };
    let bits = this.#bitsOf(text);
    for (let r = 0; r < this.#list.length; r++) {
      if ((bits & (1 << r)) === 0) continue;
      const changed = trackRule(this.#list[r], tracked);
      if (changed === undefined) return undefined;
      if (changed !== tracked) bits |= this.#bitsOf(changed.text);
      tracked = changed;
    }
    return tracked;
  }

  /** Whether no rule changes the text, as is the case with nearly all. */
  leaves(letters: Letters): boolean {
    return this.#triggeredBy(letters) === 0;
  }

  /** The rules that may change the text. */
  #bitsOf(text: string): number {
    return this.#triggeredBy(this.#letters.read(text));
  }

  #triggeredBy({ codes, length }: Letters): number {
    const bits = triggeredBy(codes, length, this.#triggered, this.#byRuns);
    if ((bits & UNKNOWN) === 0) return bits;
    for (let i = 0; i < length; i++) {
      const code = codes[i];
      if (this.#triggered[code] !== UNKNOWN) continue;
      const char = String.fromCharCode(code);
      this.#triggered[code] = bitsOf(this.#list, ({ trigger }) => trigger.test(char));
    }
    return triggeredBy(codes, length, this.#triggered, this.#byRuns);
  }
}

/** One pass over all texts that are normalised: nothing more than a look-up and a comparison for each code. */
function triggeredBy(codes: Uint16Array, length: number, triggered: Int32Array, byRuns: number): number {
  let bits = 0;
  let previous = 0;
  let changed = 1;
  for (let i = 0; i < length; i++) {
    const code = codes[i];
    bits |= triggered[code];
    // The bit 32 is the case of an ASCII letter.
    const letter = code | 32;
    const changes = letter ^ previous;
    // Both are 0 in a run of three, which is so rare that the processor foretells it.
    if ((changes | changed) === 0 && code > 64) bits |= byRuns;
    changed = changes;
    previous = letter;
  }
  return bits;
}

function bitsOf(rules: readonly Rule[], holds: (rule: Rule) => boolean): number {
  return rules.reduce((bits, rule, r) => (holds(rule) ? bits | (1 << r) : bits), 0);
}

/** A text, and for each of its codes the range of the text as given that it comes from, end exclusive. */
export type Tracked = { text: string; start: Uint32Array; end: Uint32Array };

/** Applies a rule match by match. Undefined in the rare text where `apply` gives something else. */
export function trackRule(rule: Rule, given: Tracked): Tracked | undefined {
  const { text } = given;
  const { replace } = rule;
  const whole = applyRule(rule, text);
  if (whole === text) return given;
  const edits: { from: number; to: number; by: string }[] = [];
  let built = '';
  let copied = 0;
  for (const { 0: match, index: from } of text.matchAll(patternOf(rule, text))) {
    const by = typeof replace === 'string' ? replace : replace(match, from, text);
    if (by === match) continue;
    const to = from + match.length;
    edits.push({ from, to, by });
    built += text.slice(copied, from) + by;
    copied = to;
  }
  if (built + text.slice(copied) !== whole) return undefined;
  const start = new Uint32Array(whole.length);
  const end = new Uint32Array(whole.length);
  let at = 0;
  copied = 0;
  for (const { from, to, by } of [...edits, { from: text.length, to: text.length, by: '' }]) {
    start.set(given.start.subarray(copied, from), at);
    end.set(given.end.subarray(copied, from), at);
    at += from - copied;
    start.fill(given.start[from], at, at + by.length);
    end.fill(given.end[to - 1], at, at + by.length);
    at += by.length;
    copied = to;
  }
  return { text: whole, start, end };
}
