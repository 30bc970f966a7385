/**
 * Scores texts one by one and prints the speed of each pass over them, in texts per second of processor time, as JSON. A first
 * pass warms up and does not count.
 *
 *     node bench/score_ours.ts MODEL TEXTS.jsonl SECONDS
 */

import { readReviews } from '../ml/corpus/reviews_file.ts';
import { readModel } from '../ml/model/artifact.ts';
import { cpuSeconds } from './settings.ts';

const [modelPath, textsPath, seconds] = process.argv.slice(2);
const model = readModel(modelPath);
const reviews = [...readReviews(textsPath)];

let right = 0;
for (const { text, label } of reviews) if (model.predict(text).class === label) right++;
const textsPerSecond: number[] = [];
const deadline = performance.now() + 1000 * Number(seconds);
while (textsPerSecond.length === 0 || performance.now() < deadline) {
  const began = cpuSeconds();
  for (const { text } of reviews) model.predict(text);
  textsPerSecond.push(reviews.length / (cpuSeconds() - began));
}
const accuracy = right / reviews.length;
const rssMegabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ textsPerSecond, accuracy, rssMegabytes })}\n`);
