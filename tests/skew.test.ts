import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readReviews } from '../ml/corpus/reviews_file.ts';
import { dot } from '../ml/features/csr.ts';
import { readModel } from '../ml/model/artifact.ts';
import { calibrated, probabilitiesOf } from '../ml/model/linear_text_model.ts';
import { createRandom } from '../ml/random.ts';
import { loadMatrix } from '../ml/stages/matrix_file.ts';
import { paths } from '../ml/stages/paths.ts';
import { runOk, start } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { setParams } from './support/small_corpus.ts';

const STAGES = ['data_ingestion', 'data_preprocessing', 'feature_engineering', 'model_building'];
const TEXTS = 1000;

let repository: Repository;
beforeAll(() => {
  repository = copyRepository({ installed: true });
});
afterAll(() => repository.remove());

/** Difficult texts for the analyzer: entities, tags, all kinds of quotes, negation, contrast, other scripts, pictographs. */
function corpus(count: number): string {
  const random = createRandom(4);
  const pick = (list: string[]) => list[Math.floor(random() * list.length)];
  const pieces = [
    "wasn't ",
    'n’t ',
    'not ',
    'but ',
    'although ',
    ', ',
    '. ',
    '! ',
    '&amp; ',
    '&#39;s ',
    '<br />',
    'ﬁlm ',
    'Café ',
    'Cafe\u0301 ',
    '映画 ',
    '😀 ',
    'A ',
    'the ',
    'film ',
    '9.5 ',
    '\t',
    'x'.repeat(70),
  ];
  const words = { '1': ['good ', 'Warm ', 'FUNNY '], '0': ['bad ', 'Dull ', 'AWFUL '] };
  const rows = Array.from({ length: count }, (_, i) => {
    const label = i % 2 === 0 ? '1' : '0';
    const text = Array.from({ length: 14 }, () => (random() < 0.3 ? pick(words[label]) : pick(pieces))).join('');
    return JSON.stringify({ text: `${text} ${i}`, label });
  });
  return `${rows.join('\n')}\n`;
}

test(`the service and the stage programs give ${TEXTS} texts the same scores, to the last bit`, async () => {
  const { root } = repository;
  writeFileSync(join(root, 'reviews.jsonl'), corpus(2.2 * TEXTS));
  setParams(root, {
    'data_ingestion.source': 'reviews.jsonl',
    'data_ingestion.test_share': 0.5,
  });
  for (const stage of STAGES) await runOk(process.execPath, [`ml/stages/${stage}.ts`], { cwd: root });

  const model = readModel(join(root, paths.model));
  const { x } = loadMatrix(join(root, paths.processedTest));
  const { weights, intercepts, calibration } = model.parts;
  const stored = Array.from({ length: x.rowCount }, (_, row) => {
    const sum = Float64Array.of(dot(x, row, weights));
    return probabilitiesOf(calibrated(sum, intercepts, calibration, x.signs?.[row] === 1))[1];
  });
  const ids = Array.from(readReviews(join(root, paths.interimTest)), (review) => review.id);
  const texts = new Map(Array.from(readReviews(join(root, paths.rawTest)), ({ id, text }) => [id, text]));
  expect(ids.length).toBeGreaterThanOrEqual(TEXTS);

  const env = { ...process.env, PORT: '0', MODEL_URI: paths.model };
  const service = start(process.execPath, ['service/main.ts'], { cwd: root, env });
  try {
    await service.prints('"ready"');
    const address = /http:\/\/[\d.]+:\d+/.exec(service.output())?.[0];
    const served: number[] = [];
    for (let from = 0; from < ids.length; from += 250) {
      const batch = ids.slice(from, from + 250).map((id) => texts.get(id));
      const response = await fetch(`${address}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ texts: batch }),
      });
      expect(response.status).toBe(200);
      const { predictions } = (await response.json()) as { predictions: { probability: number }[] };
      served.push(...predictions.map(({ probability }) => probability));
    }
    expect(served).toEqual(stored);
  } finally {
    await service.stop();
  }
});
