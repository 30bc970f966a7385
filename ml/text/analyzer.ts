/** The analyzer of training and serving: turns a normalised text into weighted tokens. Its settings are data. */
import { type EmphasisSettings, weighTokens } from './emphasis.ts';
import {
  loadStemmer,
  loadStopwords,
  loadTokenizer,
  type StemmerName,
  type StopwordsName,
  type TokenizerName,
} from './natural.ts';
import { longestPart, scanWords } from './scanner.ts';
import { CLAUSE_BREAK, MAX_TOKEN_LENGTH, NO_BREAK, type Rewriter, SENTENCE_BREAK, Tokens } from './tokens.ts';

export type AnalyzerSettings = EmphasisSettings & {
  tokenizer: TokenizerName;
  stemmer: StemmerName;
  stopwords: StopwordsName;
};

/** Splits a normalised text. The next call reuses the result. */
export type Analyzer = (normalized: string) => Tokens;

export function createAnalyzer(settings: AnalyzerSettings): Analyzer {
  const tokens = new Tokens();
  const split = settings.tokenizer === 'words' ? undefined : loadTokenizer(settings.tokenizer);
  const rewrite = createRewriter(settings);
  return (text) => {
    tokens.reset();
    if (split) splitWithLibrary(text, split, rewrite, tokens, settings.rules === 2);
    else scanWords(text, tokens, rewrite, settings.rules);
    weighTokens(tokens, settings);
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
      const end = Math.min(word.length, longestPart(word, start));
      const part = word.slice(start, end);
      const kept = rewrite ? rewrite(part) : part;
      const position = from < 0 ? [-1, -1] : [from + start, from + end];
      if (kept !== '') tokens.pushWord(kept, position[0], position[1], breakIn(between));
      between = /^[.!?,;:()]+$/.test(part) ? part : '';
      start = end;
    }
  }
}

function breakIn(between: string): number {
  if (/[.!?]/.test(between)) return SENTENCE_BREAK;
  return /[,;:()]/.test(between) ? CLAUSE_BREAK : NO_BREAK;
}
