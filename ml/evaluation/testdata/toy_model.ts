import type { Model, Prediction } from '../../model/types.ts';

const counts = { tokens: 0, unknownTokens: 0 };

/** By the model's rule: positive above 0.5. */
export function predictionOf(probability: number): Prediction {
  const score = Math.log(probability / (1 - probability));
  const rest = { probability, probabilities: [1 - probability, probability], score, ...counts };
  return probability > 0.5
    ? { class: 1, label: 'positive', confidence: probability, ...rest }
    : { class: 0, label: 'negative', confidence: 1 - probability, ...rest };
}

type ToyModel = Pick<Model, 'predict' | 'classes' | 'ordered'>;

/** A model with the given probability of the positive class for each text. */
export function toyModel(probabilityOf: (text: string) => number): ToyModel {
  return {
    classes: ['negative', 'positive'],
    ordered: true,
    predict: (text) => predictionOf(probabilityOf(text)),
  };
}

/** A model with the given probabilities of the classes for each text. */
export function toyClasses(classes: readonly string[], probabilitiesOf: (text: string) => number[]): ToyModel {
  return {
    classes,
    ordered: true,
    predict(text) {
      const probabilities = probabilitiesOf(text);
      const confidence = Math.max(...probabilities);
      const best = probabilities.indexOf(confidence);
      const rest = { probability: confidence, probabilities, confidence, score: 0, ...counts };
      return { class: best, label: classes[best], ...rest };
    },
  };
}
