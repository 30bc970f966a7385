/**
 * The gate on real corpora and a real MLflow, with the settings of params.yaml: how the data changes, and what happens to
 * sound challengers and to ones with wrong labels. TRUST=1 tries every change; make test tries a few.
 */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { gatherReviews, gatherSplit } from '../ml/corpus/corpus.ts';
import { nearDuplicateKey } from '../ml/corpus/duplicates.ts';
import type { Review } from '../ml/corpus/review.ts';
import { type Params, readParams } from '../ml/params.ts';
import { createRandom, shuffle } from '../ml/random.ts';
import { need } from './support/need.ts';
import type { Parts } from './support/pipeline_folder.ts';
import { succeed, useRegistryLab } from './support/registry_lab.ts';

const params = readParams();
const isLong = process.env.TRUST === '1';

/** As a stage reads them: a file of its own, with the rating as the label. */
type Row = Pick<Review, 'text' | 'rating' | 'group'>;

const reverse = (row: Row): Row => ({ ...row, rating: -row.rating! });

function some<T>(items: readonly T[], share: number, seed: number): Set<T> {
  return new Set(shuffle([...items], createRandom(seed)).slice(0, Math.round(share * items.length)));
}

function flip(rows: readonly Row[], share = 0.3): Row[] {
  const wrong = some(rows, share, 7);
  return rows.map((row) => (wrong.has(row) ? reverse(row) : row));
}

function flipLabels(reviews: readonly Review[]): Review[] {
  const wrong = some(reviews, 0.3, 7);
  return reviews.map((review) => {
    if (!wrong.has(review)) return review;
    const { rating, label } = review;
    return { ...review, label: label === 1 ? 0 : 1, ...(rating !== undefined && { rating: -rating }) };
  });
}

async function embedded(name: string): Promise<Row[]> {
  const settings = { ...params.data_ingestion, source: `embedded:${name}` };
  return shuffle(await gatherReviews(settings, { folder: '.local/downloads', log: () => {} }), createRandom(1));
}

describe.skipIf(!need('mlflow'))('the gate', () => {
  const { file, folder, env, promote, register, versions } = useRegistryLab();
  let films: Row[];
  beforeAll(async () => {
    films = await embedded('movies');
  });

  async function split(rows: readonly Row[], seed = params.data_ingestion.seed): Promise<[Parts, Params]> {
    const source = file('reviews.jsonl');
    const labelled = rows.map((row) => ({ ...row, label: row.rating! > 0 ? 1 : 0 }));
    writeFileSync(source, labelled.map((row) => JSON.stringify(row)).join('\n'));
    // Films keep their ratings; products have labels alone, and groups.
    const columns = rows[0].group === undefined ? { rating_column: 'rating' } : { group_column: 'group' };
    const data_ingestion = { ...params.data_ingestion, source, seed, ...columns };
    const parts = await gatherSplit(data_ingestion, { folder: file('.local'), log: () => {} });
    return [parts, { ...params, data_ingestion }];
  }

  /** Trains, registers and examines; the exit code of promote_model, what it printed and the figures of its decision. */
  async function challenge(parts: Parts, settings: Params) {
    await folder().trainOn(parts, settings);
    await register();
    const { code, out } = await folder().run('promote_model', env());
    const [{ tags }] = await versions();
    return { code, out, figures: JSON.parse(tags['promotion.figures'] ?? '{}') as Record<string, number> };
  }

  async function crown(parts: Parts, settings: Params): Promise<void> {
    await folder().trainOn(parts, settings);
    await succeed(register());
    expect((await promote()).out).toContain('is Production');
  }

  /** What each change of the data does to the champion's rows and settings. */
  const changes: Record<string, (rows: Row[]) => { before: Row[]; after: Row[]; seed?: number }> = {
    'another seed': (rows) => ({ before: rows, after: rows, seed: 43 }),
    '1 % of rows added': (rows) => grown(rows, 1.01),
    '10 % of rows added': (rows) => grown(rows, 1.1),
    '100 % of rows added': (rows) => grown(rows, 2),
    'rows shuffled': (rows) => ({ before: rows, after: shuffle([...rows], createRandom(3)) }),
    '5 % of rows removed': (rows) => {
      const removed = some(rows, 0.05, 4);
      return { before: rows, after: rows.filter((row) => !removed.has(row)) };
    },
  };

  function grown(rows: Row[], factor: number) {
    const half = Math.floor(rows.length / 2);
    return { before: rows.slice(0, half), after: rows.slice(0, Math.round(factor * half)) };
  }

  test.each(isLong ? Object.keys(changes) : ['another seed'])(
    '%s: champion and challenger meet on unseen texts, wrong labels are refused, a sound model is promoted',
    async (change) => {
      const { before, after, seed } = changes[change](films);
      const [old, settings] = await split(before);
      await crown(old, settings);

      const expectFair = ({ train, test }: Parts, figures: Record<string, number>) => {
        const known = new Set([...old.train, ...train].map(({ text }) => nearDuplicateKey(text)));
        const unseen = test.filter(({ text }) => !known.has(nearDuplicateKey(text)));
        expect(figures.unseen).toBe(unseen.length);
        expect(figures.known_to_champion).toBe(test.length - unseen.length);
      };

      const [fresh, next] = await split(after, seed);
      const trainFlipped = { ...fresh, train: flipLabels(fresh.train) };
      const wrongTraining = await challenge(trainFlipped, next);
      expect(wrongTraining.code, wrongTraining.out).toBe(3);
      expectFair(trainFlipped, wrongTraining.figures);

      const [allFlipped] = await split(flip(after), seed);
      const wrongFile = await challenge(allFlipped, next);
      expect(wrongFile.code, wrongFile.out).toBe(3);
      expectFair(allFlipped, wrongFile.figures);

      const sound = await challenge(fresh, { ...next, model_building: { ...next.model_building, C: 4 } });
      expect(sound.code, sound.out).toBe(0);
      expect(sound.out).toContain('version 1 archived');
      expectFair(fresh, sound.figures);
      const { champion_accuracy: now, champion_recorded_accuracy: own, unseen } = sound.figures;
      expect(Math.abs(now - own)).toBeLessThan(2 * Math.sqrt((own * (1 - own)) / unseen));
      if (isLong) console.log(change, [wrongTraining, wrongFile, sound].map(({ out }) => out).join('\n'));
    },
  );

  test.each(isLong ? [3600, 400] : [400])(
    '%d product reviews take over from a film model without a knob, and with random labels they do not',
    async (count) => {
      await crown(...(await split(films)));
      const rows = (await embedded('amazon')).slice(0, count);
      const random = createRandom(5);
      const [parts, settings] = await split(rows.map((row) => (random() < 0.5 ? reverse(row) : row)));
      const wrong = await challenge(parts, settings);
      expect(wrong.code, wrong.out).toBe(3);
      const sound = await challenge(...(await split(rows)));
      expect(sound.code, sound.out).toBe(0);
      expect(sound.out).toContain('version 1 archived');
      if (isLong) console.log(count, [wrong, sound].map(({ out }) => out).join('\n'));
    },
  );

  if (!isLong) return;

  test('the general model takes over from a film model, with figures by domain', async () => {
    await crown(...(await split(films)));
    const parts = await gatherSplit(params.data_ingestion, { folder: file('.local'), log: () => {} });
    const { code, out } = await challenge(parts, params);
    expect(code, out).toBe(0);
    for (const domain of ['movies', 'amazon', 'tweets', 'nyt']) {
      expect(out).toMatch(new RegExp(`^ +${domain}: accuracy 0\\.\\d+ against 0\\.\\d+ on [\\d,]+ texts$`, 'm'));
    }
    console.log(out);
  });

  test('a champion that knows most of a small corpus is not compared, and wrong labels are refused', async () => {
    const rows = await embedded('amazon');
    await crown(...(await split(rows)));
    const [fresh, settings] = await split(rows, 43);
    const wrongTraining = await challenge({ ...fresh, train: flipLabels(fresh.train) }, settings);
    expect(wrongTraining.code, wrongTraining.out).toBe(3);
    expect(wrongTraining.out).toContain('cannot be compared with version 1, because only');
    const [flipped] = await split(flip(rows), 43);
    const wrongFile = await challenge(flipped, settings);
    expect(wrongFile.code, wrongFile.out).toBe(3);
    const sound = await challenge(fresh, { ...settings, model_building: { ...settings.model_building, C: 4 } });
    expect(sound.code, sound.out).toBe(0);
    expect(sound.out).toContain('cross-validated on');
    console.log([wrongTraining, wrongFile, sound].map(({ out }) => out).join('\n'));
  });
});
