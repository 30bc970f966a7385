/**
 * Which texts a model was trained on, kept in the artifact so that it is never judged by texts that it knows.
 *
 * A text's fingerprint is 64 bits of the hash that near duplicates share. The artifact holds them sorted; where that is too
 * much, a Bloom filter (Bloom 1970) whose false positives, at the stated rate, only leave out a text that could be used.
 * A text that the model was trained on is always recognised.
 */
import { fields, isRecord, number, oneOf, optional, whole } from './header.ts';

/** The description in the artifact's header. */
export type FingerprintFacts = {
  version: 1;
  kind: 'hashes' | 'filter';
  /** How many different fingerprints went in. */
  texts: number;
  /** Of a filter: bits that stand for each fingerprint. */
  probes: number;
  /** How often an unknown text is taken for a known one: (share of set bits)^probes for a filter, 0 for hashes. */
  false_positive_rate: number;
};

const anyVersion = fields({
  version: whole(1),
  kind: oneOf('hashes', 'filter'),
  texts: whole(0),
  probes: whole(0, 64),
  false_positive_rate: number(0, 1),
});

/** Those of a later version are not read. */
export const fingerprintHeader = optional((value, path) =>
  isRecord(value) && Number.isInteger(value.version) && (value.version as number) > 1
    ? undefined
    : anyVersion(value, path),
);

/** More bits for each text would no longer matter: they give a rate of 1 %. */
const FILTER_BITS = 10;

export class Fingerprints {
  readonly facts: FingerprintFacts;
  /** Hashes: the low and high half of each, ascending. Filter: its bits. */
  readonly words: Uint32Array<ArrayBuffer>;

  constructor(facts: FingerprintFacts, words: Uint32Array<ArrayBuffer>) {
    this.facts = facts;
    this.words = words;
  }

  /**
   * `keys` are hashes in base64url, at least 11 characters long; equal ones count once. `mostBytes` is what the
   * fingerprints may take in the artifact.
   */
  static of(keys: Iterable<string>, mostBytes: number): Fingerprints {
    const hashes = BigUint64Array.from(
      new Set(Array.from(keys, (key) => Buffer.from(key, 'base64url').readBigUInt64LE())),
    );
    hashes.sort();
    const words = new Uint32Array(hashes.buffer);
    const texts = hashes.length;
    if (hashes.byteLength <= mostBytes) {
      return new Fingerprints({ version: 1, kind: 'hashes', texts, probes: 0, false_positive_rate: 0 }, words);
    }
    const bits = Math.max(64, 32 * Math.floor(Math.min(FILTER_BITS * texts, 8 * mostBytes) / 32));
    const probes = Math.max(1, Math.round((bits / texts) * Math.LN2));
    const filter = new Uint32Array(bits / 32);
    for (let i = 0; i < words.length; i += 2) {
      for (let probe = 0; probe < probes; probe++) {
        const bit = probeOf(words[i], words[i + 1], probe, bits);
        filter[bit >>> 5] |= 1 << (bit & 31);
      }
    }
    const rate = (countBits(filter) / bits) ** probes;
    return new Fingerprints({ version: 1, kind: 'filter', texts, probes, false_positive_rate: rate }, filter);
  }

  has(key: string): boolean {
    const bytes = Buffer.from(key, 'base64url');
    const low = bytes.readUInt32LE(0);
    const high = bytes.readUInt32LE(4);
    return this.facts.kind === 'hashes' ? this.#find(low, high) : this.#passes(low, high);
  }

  #find(low: number, high: number): boolean {
    const { words } = this;
    let [from, to] = [0, words.length / 2];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const [itsLow, itsHigh] = [words[2 * middle], words[2 * middle + 1]];
      if (itsLow === low && itsHigh === high) return true;
      if (itsHigh < high || (itsHigh === high && itsLow < low)) from = middle + 1;
      else to = middle;
    }
    return false;
  }

  #passes(low: number, high: number): boolean {
    const bits = 32 * this.words.length;
    for (let probe = 0; probe < this.facts.probes; probe++) {
      const bit = probeOf(low, high, probe, bits);
      if ((this.words[bit >>> 5] & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  /** What no artifact of this program has; undefined if all is well. */
  wrong(): string | undefined {
    const { facts, words } = this;
    if (facts.kind === 'filter') {
      return words.length > 0 && facts.probes > 0 ? undefined : 'the filter of its fingerprints is empty';
    }
    if (words.length !== 2 * facts.texts) return `it has ${words.length / 2} fingerprints of ${facts.texts} texts`;
    for (let i = 2; i < words.length; i += 2) {
      const [low, high, lowBefore, highBefore] = [words[i], words[i + 1], words[i - 2], words[i - 1]];
      if (high < highBefore || (high === highBefore && low <= lowBefore)) return 'its fingerprints are not ascending';
    }
  }
}

/** Two hashes serve as any number of them (Kirsch & Mitzenmacher 2006). */
function probeOf(low: number, high: number, probe: number, bits: number): number {
  // An odd step, so that the probes differ.
  return (low + probe * ((high | 1) >>> 0)) % bits;
}

function countBits(words: Uint32Array): number {
  let count = 0;
  for (let word of words) for (; word !== 0; word = (word & (word - 1)) >>> 0) count++;
  return count;
}
