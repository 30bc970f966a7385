/** The analyzer of training and serving: turns a normalised text into weighted tokens. Its settings are data. */
import { Emphasis, type EmphasisSettings } from './emphasis.ts';
import { Letters } from './letters.ts';
import {
  loadStemmer,
  loadStopwords,
  loadTokenizer,
  type StemmerName,
  type StopwordsName,
  type TokenizerName,
} from './natural.ts';
import { isSymbol, longestPart, scanWords } from './scanner.ts';
import { CLAUSE_BREAK, MAX_TOKEN_LENGTH, NO_BREAK, type Rewriter, SENTENCE_BREAK, Tokens } from './tokens.ts';
import { Words } from './words.ts';

export type AnalyzerSettings = EmphasisSettings & {
  tokenizer: TokenizerName;
  stemmer: StemmerName;
  stopwords: StopwordsName;
};

/** Splits a normalised text. The next call reuses the result. */
export type Analyzer = (normalized: string | Letters) => Tokens;

/** The tokens are ids in `words`, which gets the words that emphasis needs. */
export function createAnalyzer(settings: AnalyzerSettings, words = new Words()): Analyzer {
  const tokens = new Tokens(words);
  const emphasis = new Emphasis(settings, words);
  const split = settings.tokenizer === 'words' ? undefined : loadTokenizer(settings.tokenizer);
  const rewrite = createRewriter(settings);
  const letters = new Letters();
  return (text) => {
    tokens.count = 0;
    words.tidy();
    if (split) splitWithLibrary(text.toString(), split, rewrite, tokens, settings.rules === 2);
    else scanWords(typeof text === 'string' ? letters.read(text) : text, tokens, rewrite, settings.rules);
    emphasis.weigh(tokens);
    return tokens;
  };
}

function createRewriter(settings: AnalyzerSettings): Rewriter | undefined {
  if (settings.stemmer === 'none' && settings.stopwords === 'none') return undefined;
  const stem = loadStemmer(settings.stemmer);
  const stopwords = loadStopwords(settings.stopwords);
  // natural's Porter stemmer does 2 MB/s. Texts repeat their words, so a bounded cache does nearly all of the work.
  const cache = new Map<string, string>();
  return (word) => {
    let result = cache.get(word);
    if (result === undefined) {
      result = stopwords.has(word) ? '' : stem(word);
      if (cache.size >= 100_000) cache.clear();
      cache.set(word, result);
    }
    return result;
  };
}

function splitWithLibrary(
  text: string,
  split: (text: string) => string[],
  rewrite: Rewriter | undefined,
  tokens: Tokens,
  cutsLong: boolean,
): void {
  let at = 0;
  // The text between two words, including punctuation that is a token itself.
  let between = '';
  for (const word of split(text)) {
    if (word.length === 0 || (word.length > MAX_TOKEN_LENGTH && !cutsLong)) continue;
    const from = text.indexOf(word, at);
    if (from >= 0) {
      between += text.slice(at, from);
      at = from + word.length;
    }
    for (let start = 0; start < word.length; ) {
      const end = Math.min(word.length, longestPart(word.charCodeAt(start + MAX_TOKEN_LENGTH - 1), start));
      const part = word.slice(start, end);
      const kept = rewrite ? rewrite(part) : part;
      const position = from < 0 ? [-1, -1] : [from + start, from + end];
      if (kept !== '') tokens.pushWord(kept, position[0], position[1], breakIn(between), isSymbol(kept) ? 1 : 0);
      between = /^[.!?,;:()]+$/.test(part) ? part : '';
      start = end;
    }
  }
}

function breakIn(between: string): number {
  if (/[.!?]/.test(between)) return SENTENCE_BREAK;
  return /[,;:()]/.test(between) ? CLAUSE_BREAK : NO_BREAK;
}
