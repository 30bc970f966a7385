/**
 * What the measured programs share: the settings that both sides train with (plain uni- and bigram TF-IDF, l2-penalised
 * logistic regression), and the clock.
 */
import type { LogisticRegressionSettings } from '../ml/classifiers/logistic_loss.ts';
import type { VectorizerSettings } from '../ml/features/vectorizer.ts';
import type { NormalizeSettings } from '../ml/text/rules.ts';

export const normalizeSettings: NormalizeSettings = {
  rules: 2,
  lowercase: true,
  decode_entities: true,
  strip_tags: true,
  unicode_form: 'NFKC',
  repair_encoding: true,
  addresses: true,
  emoticons: true,
  hashtags: true,
  elongation: true,
};

/** How often to measure: `count` times, or BENCH_ROUNDS times if that is less, to try the bench. */
export function roundsOf(count: number): number {
  return Math.min(count, Number(process.env.BENCH_ROUNDS ?? count));
}

export function wordSettings(minDf: number): Required<Omit<VectorizerSettings, 'hashing'>> {
  return {
    rules: 2,
    tokenizer: 'words',
    stemmer: 'none',
    stopwords: 'none',
    negation_scope: 0,
    negation_weight: 1,
    contrast_weight: 1,
    word: {
      ngrams: [1, 2],
      min_df: minDf,
      max_df: 1,
      max_features: 0,
      weighting: 'tfidf',
      sublinear_tf: false,
      smooth_idf: true,
      norm: 'l2',
    },
    char: null,
    polarity: [],
    prior: 'none',
  };
}

export function l2Settings(C: number, tolerance = 1e-4): LogisticRegressionSettings {
  return { C, penalty: 'l2', tolerance, max_iterations: 10_000, seed: 42 };
}

/**
 * Processor time of all threads of this process, in seconds. It includes the compiler and the garbage collector, and
 * excludes the time that other programs take.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
