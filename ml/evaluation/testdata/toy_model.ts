import type { Model, Prediction } from '../../model/types.ts';

const counts = { tokens: 0, unknownTokens: 0 };

/** By the model's rule: positive above 0.5. */
export function predictionOf(probability: number): Prediction {
  const score = Math.log(probability / (1 - probability));
  return probability > 0.5
    ? { class: 1, label: 'positive', probability, confidence: probability, score, ...counts }
    : { class: 0, label: 'negative', probability, confidence: 1 - probability, score, ...counts };
}

/** A model with the given probability of the positive class for each text. */
export function toyModel(probabilityOf: (text: string) => number): Pick<Model, 'predict'> {
  return { predict: (text) => predictionOf(probabilityOf(text)) };
}
