/**
 * Stemmers, tokenizers and stop words of the npm package natural, each from its submodule: the package's root takes a
 * second and 157 MB to load, reads .env and prints to stdout. Only what the settings name is loaded.
 */
import { createRequire } from 'node:module';

export type TokenizerName = 'words' | 'treebank' | 'wordpunct' | 'aggressive';
export type StemmerName = 'none' | 'porter' | 'lancaster';
export type StopwordsName = 'none' | 'english' | 'english_without_negations';

const require = createRequire(import.meta.url);

type StemmerModule = { stem(word: string): string };
type TokenizerClass = new () => { tokenize(text: string): string[] };

export function loadStemmer(name: StemmerName): (word: string) => string {
  if (name === 'none') return (word) => word;
  const stemmer = (
    name === 'porter'
      ? require('natural/lib/natural/stemmers/porter_stemmer.js')
      : require('natural/lib/natural/stemmers/lancaster_stemmer.js')
  ) as StemmerModule;
  return (word) => stemmer.stem(word);
}

export function loadTokenizer(name: Exclude<TokenizerName, 'words'>): (text: string) => string[] {
  const tokenizer = new (tokenizerClass(name))();
  return (text) => tokenizer.tokenize(text);
}

function tokenizerClass(name: Exclude<TokenizerName, 'words'>): TokenizerClass {
  switch (name) {
    case 'treebank':
      return require('natural/lib/natural/tokenizers/treebank_word_tokenizer.js') as TokenizerClass;
    case 'wordpunct': {
      const module = require('natural/lib/natural/tokenizers/regexp_tokenizer.js') as Record<string, TokenizerClass>;
      return module.WordPunctTokenizer;
    }
    case 'aggressive':
      return require('natural/lib/natural/tokenizers/aggressive_tokenizer.js') as TokenizerClass;
  }
}

const NEGATIONS = new Set([
  'no',
  'nor',
  'not',
  'never',
  'none',
  'nothing',
  'neither',
  'nobody',
  'nowhere',
  'cannot',
  'without',
]);

export function loadStopwords(name: StopwordsName): ReadonlySet<string> {
  if (name === 'none') return new Set();
  const { words } = require('natural/lib/natural/util/stopwords.js') as { words: string[] };
  return new Set(name === 'english' ? words : words.filter((word) => !NEGATIONS.has(word)));
}
