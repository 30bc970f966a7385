/** A model one can check by eye: good +2, fine +1, bad -2, awful -3, on top of a bias of 0.5. */
import { STANDARD_BOUNDS } from '../../ml/model/profile.ts';
import type { Explanation, Model } from '../../ml/model/types.ts';
import type { ServedModel } from '../served_model.ts';

const WEIGHTS = new Map([
  ['good', 2],
  ['fine', 1],
  ['bad', -2],
  ['awful', -3],
]);
const BIAS = 0.5;

/** Of ten training texts each. */
const { length, unknown_share, probability } = STANDARD_BOUNDS;
const profile: Model['profile'] = {
  version: 1,
  length: { bounds: [...length], counts: [0, 1, 2, 3, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0] },
  unknown_share: { bounds: [...unknown_share], counts: [1, 0, 0, 0, 0, 2, 3, 2, 2] },
  probability: { bounds: [...probability], counts: [3, 1, 0, 0, 1, 0, 1, 0, 1, 3] },
  mean_confidence: 0.85,
};

export const wordModel: Model = {
  facts: {
    dataDigest: 'd'.repeat(64),
    source: 'https://user:secret@example.test/reviews.csv?token=1',
    trainingTexts: 1234,
    params: {},
    metrics: { accuracy: 0.8125 },
    gitCommit: 'abc',
    trainedAt: '2026-11-01T00:00:00.000Z',
  },
  digest: 'a'.repeat(64),
  featureCount: WEIGHTS.size,
  profile,
  predict: (text) => explain(text),
  explain,
};

export const servedWords: ServedModel = {
  model: wordModel,
  name: 'words',
  version: '7',
  runId: 'run-1',
  source: 'registry',
};

function explain(text: string): Explanation {
  const words = [...text.matchAll(/[a-z]+/gi)].map(({ 0: word, index }) => ({
    text: word,
    start: index,
    end: index + word.length,
    contribution: WEIGHTS.get(word.toLowerCase()) ?? 0,
  }));
  const score = words.reduce((sum, { contribution }) => sum + contribution, BIAS);
  const known = words.filter(({ contribution }) => contribution !== 0).length;
  const probability = 1 / (1 + Math.exp(-score));
  const isPositive = probability > 0.5;
  return {
    class: isPositive ? 1 : 0,
    label: isPositive ? 'positive' : 'negative',
    probability,
    confidence: isPositive ? probability : 1 - probability,
    score,
    tokens: words.length,
    unknownTokens: words.length - known,
    bias: BIAS,
    words,
    knownShare: words.length === 0 ? 0 : known / words.length,
  };
}
