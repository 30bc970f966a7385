/**
 * What the drift signals cost: predictions with them and without, in turn, in one process.
 *
 *     node bench/drift.ts models/model.bin data/raw/test.jsonl
 *
 * Blocks of 100 predictions, JSON in and JSON out, in pairs; what counts is the median of the pairs' ratios, which other
 * programs on the machine disturb little. HTTP is left out, so that the share of a whole request is smaller still.
 */
import { runMain, usageError } from '../ml/errors.ts';
import { loadModel } from '../ml/model/load.ts';
import { readReviews } from '../ml/stages/reviews_file.ts';
import { Metrics } from '../service/metrics.ts';
import { Predictor } from '../service/predict.ts';
import type { ServedModel } from '../service/served_model.ts';

const PAIRS = 4000;
const WARM_UP = 400;
const BLOCK = 100;

await runMain(async () => {
  const [modelPath, textsPath] = process.argv.slice(2);
  if (!modelPath || !textsPath)
    throw usageError('ARGUMENTS', 'expected a model and a file of texts', 'see bench/drift.ts');
  const bodies = Array.from(readReviews(textsPath), ({ text }) => JSON.stringify({ text }));
  const served: ServedModel = { model: await loadModel(modelPath), name: 'm', version: '1', runId: '', source: 'file' };
  const predictors = [true, false].map((withSignals) => {
    const metrics = new Metrics({ ofProcess: false });
    if (withSignals) metrics.serving(served);
    const limits = { maxTextLength: 50_000, maxBatchSize: 256 };
    return new Predictor(served, limits, (...judged) => metrics.prediction(...judged));
  });
  const seconds = (predictor: Predictor, pair: number) => {
    const start = performance.now();
    for (let i = 0; i < BLOCK; i++) predictor.predictJson(bodies[(pair * BLOCK + i) % bodies.length]);
    return performance.now() - start;
  };
  const ratios: number[] = [];
  for (let pair = 0; pair < WARM_UP + PAIRS; pair++) {
    // Whichever is first is so half of the time.
    const times: number[] = [];
    for (const i of pair % 2 ? [0, 1] : [1, 0]) times[i] = seconds(predictors[i], pair);
    if (pair >= WARM_UP) ratios.push(times[0] / times[1]);
  }
  ratios.sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => ratios[Math.floor(share * PAIRS)].toFixed(3));
  console.log(
    `with signals / without: ${median} (quartiles ${low} to ${high}, ${PAIRS} pairs of ${BLOCK} predictions)`,
  );
});
