/**
 * Trains as params.yaml says, on texts of a file, and prints how long that takes by the clock as JSON.
 *
 *     node bench/train_standard.ts TRAIN.jsonl THREADS
 */
import { readReviews } from '../ml/corpus/reviews_file.ts';
import { readParams } from '../ml/params.ts';
import { trainModel } from '../ml/training.ts';

const [path, threads] = process.argv.slice(2);
const reviews = [...readReviews(path)];
const began = performance.now();
trainModel(reviews, readParams(), undefined, Number(threads));
process.stdout.write(`${JSON.stringify({ wallSeconds: (performance.now() - began) / 1000 })}\n`);
