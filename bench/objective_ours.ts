/**
 * Fits the matrix that train_sklearn.py wrote to a folder and prints, as JSON, the objective reached and a value proven to be
 * within 1e-9 of the minimum, so that solvers can be compared by the objective they reach.
 *
 *     node bench/objective_ours.ts FOLDER C
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitL2 } from '../ml/classifiers/logistic_l2.ts';
import { l2Settings } from './settings.ts';

const [folder, c] = process.argv.slice(2);
const start = new Uint32Array(read('start.u32'));
const columns = new Uint32Array(read('columns.u32'));
const values = new Float32Array(read('values.f32'));
const target = Float64Array.from(new Uint8Array(read('labels.u8')));
const columnCount = columns.reduce((most, column) => Math.max(most, column), 0) + 1;
const x = { rowCount: target.length, columnCount, start, columns, values };
const set = { x, target, weight: new Float64Array(target.length).fill(1) };

const { objective } = fitL2(set, l2Settings(Number(c)));
const least = fitL2(set, l2Settings(Number(c), 1e-9)).objective;
process.stdout.write(`${JSON.stringify({ objective, least })}\n`);

function read(name: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
}
