import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Review } from '../corpus/review.ts';
import { readModel, saveModel } from '../model/artifact.ts';
import { readParams } from '../params.ts';
import { createNormalizer } from '../text/normalize.ts';
import { labelsOf, trainModel } from '../training.ts';
import { saveMatrix } from './matrix_file.ts';
import { paths } from './paths.ts';

const program = resolve('ml/stages/model_evaluation.ts');

function reviewsOf(count: number): Review[] {
  const praise = ['wonderful', 'charming', 'funny', 'moving'];
  const blame = ['boring', 'clumsy', 'dull', 'awful'];
  return Array.from({ length: count }, (_, i) => ({
    id: `r${i}`,
    text: `A ${(i % 2 === 0 ? praise : blame)[(i >> 1) % 4]} film, part ${i % 13}.`,
    // One text in ten is labelled against its word.
    label: (i % 2 === 0) === (i % 10 !== 4) ? 1 : 0,
    rating: (i % 2 === 0) === (i % 10 !== 4) ? 1 + (i % 3) : -1 - (i % 3),
  }));
}

const jsonLines = (reviews: Review[]) => reviews.map((review) => `${JSON.stringify(review)}\n`).join('');

let folder: string;

/** A folder as the stages before leave it, with the given test texts. */
function folderWith(name: string, test: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, 'data/raw'), { recursive: true });
  mkdirSync(join(path, 'models'), { recursive: true });
  writeFileSync(join(path, 'params.yaml'), readFileSync('ml/testdata/params.yaml'));
  cpSync('behaviour', join(path, 'behaviour'), { recursive: true });
  writeFileSync(join(path, paths.rawTest), test);
  writeFileSync(join(path, paths.model), readFileSync(join(folder, 'model.bin')));
  writeStored(path, test);
  return path;
}

/** What data_preprocessing and feature_engineering make of the test texts that can be read. */
function writeStored(path: string, test: string): void {
  let reviews: Review[] = [];
  try {
    reviews = test.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Review]));
  } catch {
    // A test of damaged texts: the stage stops before it looks further.
  }
  const normalize = createNormalizer(readParams('ml/testdata/params.yaml').data_preprocessing);
  const normalized = reviews.map((review) => ({ ...review, text: normalize(review.text) }));
  mkdirSync(join(path, 'data/interim'), { recursive: true });
  writeFileSync(join(path, paths.interimTest), jsonLines(normalized));
  const x = readModel(join(folder, 'model.bin')).parts.vectorizer.transform(normalized.map((review) => review.text));
  saveMatrix(join(path, paths.processedTest), { x, ...labelsOf(reviews), dataDigest: '', domains: {} });
}

function run(cwd: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program], { cwd }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-evaluation-'));
  saveModel(join(folder, 'model.bin'), trainModel(reviewsOf(80), readParams('ml/testdata/params.yaml')).parts);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the stage model_evaluation', () => {
  it('writes metrics, reports and plots, and prints what it found', async () => {
    const cwd = folderWith('whole', jsonLines(reviewsOf(60)));
    const { code, stdout, stderr } = await run(cwd);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^60 held-out texts, /);
    const read = (path: string) => JSON.parse(readFileSync(join(cwd, path), 'utf8'));
    const metrics = read(paths.metrics);
    expect(metrics).toMatchObject({ n_test: 60, accuracy: 0.9, accuracy_se: 0.0387298 });
    expect(Object.values(metrics).every((value) => typeof value === 'number')).toBe(true);
    const behaviour = read(paths.behaviour);
    expect(behaviour.total).toBe(metrics.behaviour_total);
    expect(behaviour.files.map(({ file }: { file: string }) => file)).toEqual([
      'behaviour/general.yaml',
      'behaviour/films.yaml',
      'behaviour/fairness.yaml',
    ]);
    expect(behaviour.files[2].spreads[0].spread).toBeCloseTo(metrics.fairness_first_names_spread, 6);
    expect(behaviour.files[1].failures.length).toBe(metrics.behaviour_films_total - metrics.behaviour_films_passed);
    expect(read(paths.slices).length).toBeGreaterThan(1);
    expect(readFileSync(join(cwd, paths.mistakes), 'utf8').trimEnd().split('\n')).toHaveLength(6);
    expect(read(paths.confusionMatrix)).toHaveLength(60);
    expect(read(paths.roc)[0]).toEqual({ fpr: 0, tpr: 0, threshold: null });
    expect(Object.keys(read(paths.precisionRecall)[0])).toEqual(['recall', 'precision', 'threshold']);
    expect(Object.keys(read(paths.calibration)[0])).toEqual(['predicted', 'observed', 'count']);
    expect(readdirSync(join(cwd, paths.plots)).sort()).toEqual(
      ['calibration', 'confusion_matrix', 'domains', 'precision_recall', 'roc', 'top_words'].flatMap((name) => [
        `${name}.json`,
        `${name}.svg`,
      ]),
    );
    expect(readdirSync(join(cwd, 'reports')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ['of one class', jsonLines(reviewsOf(60).filter((review) => review.label === 1)), 'ONE_CLASS'],
    ['empty', '', 'NO_TEXTS'],
    ['broken', `${jsonLines(reviewsOf(3))}{"text": "cut`, 'REVIEWS_DAMAGED'],
  ])('fails in a sentence and writes nothing when the test texts are %s', async (name, test, expectedCode) => {
    const cwd = folderWith(name, test);
    const { code, stdout, stderr } = await run(cwd);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error: .*\\(${expectedCode}\\)\n`));
    expect(stderr).not.toContain('    at ');
    expect(existsSync(join(cwd, 'reports'))).toBe(false);
  });

  it('fails in a sentence with file and line when a behaviour file has a mistake', async () => {
    const cwd = folderWith('behaviour', jsonLines(reviewsOf(60)));
    writeFileSync(join(cwd, 'behaviour/films.yaml'), 'tests:\n  - name: praise\n    kindd: invariance\n');
    const { code, stderr } = await run(cwd);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: behaviour\/films\.yaml:3: tests\.0\.kindd: unknown setting \(BEHAVIOUR_INVALID\)\n/,
    );
    expect(existsSync(join(cwd, 'reports'))).toBe(false);
  });

  it('fails in a sentence when there is no model', async () => {
    const cwd = folderWith('without model', jsonLines(reviewsOf(60)));
    rmSync(join(cwd, paths.model));
    const { code, stderr } = await run(cwd);
    expect(code).toBe(1);
    expect(stderr).toContain(paths.model);
    expect(stderr).toContain('(MODEL_MISSING)');
  });
});
