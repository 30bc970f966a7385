/**
 * A study in MLflow: one parent run, and under it one run for each cell, found by the cell's key. A cell's run is FINISHED
 * only when it is complete, so a stopped study resumes without losing or doubling a run. The results of other machines
 * (the pods of an Indexed Job) are read back from their runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLinear, linearSettings } from '../classifiers/registry.ts';
import { inTemporaryFolder, writeText } from '../files.ts';
import { downloadArtifact, uploadArtifact } from '../tracking/artifacts.ts';
import type { TrackingConfig } from '../tracking/config.ts';
import { comparePage } from '../tracking/pages.ts';
import { createRun, endRun, ensureExperiment, logValues, type Run, searchRuns } from '../tracking/runs.ts';
import { callApi } from '../tracking/transport.ts';
import { type Journal, outcomeFromText, outcomeToText } from './journal.ts';
import type { KeyedCell } from './run_cells.ts';
import type { CellResult } from './table.ts';
import type { Outcome } from './worker.ts';

const CELL = 'experiments.cell';
const STUDY = 'experiments.study';
const PARENT = 'mlflow.parentRunId';
const OUTCOMES = 'outcomes.json';

export type StudyFacts = {
  experiment: string;
  name: string;
  /** Digest of the keys of all its cells. */
  fingerprint: string;
  params: Record<string, string>;
  tags: Record<string, string>;
};

export class TrackedStudy {
  readonly #config: TrackingConfig;
  readonly #facts: StudyFacts;
  readonly experimentId: string;
  readonly parent: Run;
  /** Run of each finished cell, by key. */
  readonly #runs = new Map<string, string>();

  private constructor(config: TrackingConfig, facts: StudyFacts, experimentId: string, parent: Run) {
    this.#config = config;
    this.#facts = facts;
    this.experimentId = experimentId;
    this.parent = parent;
  }

  static async open(config: TrackingConfig, facts: StudyFacts): Promise<TrackedStudy> {
    const experimentId = await ensureExperiment(config, facts.experiment);
    const parent = await ensureParent(config, experimentId, facts);
    return new TrackedStudy(config, facts, experimentId, parent);
  }

  /** Copies the cells that other machines have finished into the journal. Returns their number. */
  async restore(cells: readonly KeyedCell[], splits: readonly string[], journal: Journal): Promise<number> {
    let restored = 0;
    for (const { key } of cells) {
      if (splits.every((split) => journal.read(key, split))) continue;
      const [run] = await searchRuns(this.#config, this.experimentId, { [CELL]: key }, 'FINISHED');
      if (!run) continue;
      for (const [split, outcome] of await this.#outcomesOf(run)) journal.write(key, split, outcome);
      restored++;
    }
    return restored;
  }

  /** Logs a cell's run unless it is finished; an incomplete run is completed. */
  async logCell({ cell, key }: KeyedCell, result: CellResult, outcomes: Map<string, Outcome>): Promise<void> {
    const mine = { [CELL]: key, [PARENT]: this.parent.id };
    const found = await searchRuns(this.#config, this.experimentId, mine);
    const finished = found.find((run) => run.status === 'FINISHED');
    if (finished) this.#runs.set(key, finished.id);
    else {
      const tags = { ...this.#facts.tags, ...mine, [STUDY]: this.#facts.name };
      const run = found[0] ?? (await createRun(this.#config, this.experimentId, cell.name, tags));
      const { cell: _name, algorithm: _algorithm, features: _features, ...figures } = result.row;
      const { cell: _again, ...times } = result.times;
      const metrics = { ...figures, ...times };
      await logValues(this.#config, run.id, { params: paramsOf(cell), metrics }, run.startTime);
      await this.#uploadOutcomes(run, outcomes);
      await endRun(this.#config, run.id, 'FINISHED');
      this.#runs.set(key, run.id);
    }
  }

  /** Ends the parent run with the study's figures and with `files`, texts by name. */
  async finish(metrics: Record<string, number>, files: Record<string, string>): Promise<void> {
    await logValues(this.#config, this.parent.id, { metrics }, this.parent.startTime);
    await inTemporaryFolder('experiments-', async (folder) => {
      for (const [name, text] of Object.entries(files)) {
        writeText(join(folder, name), text);
        await uploadArtifact(this.#config, this.parent.artifactUri, name, join(folder, name));
      }
    });
    await endRun(this.#config, this.parent.id, 'FINISHED');
  }

  /** Address of MLflow's page that compares the cells. */
  compareLink(cells: readonly KeyedCell[]): string {
    const runs = cells.flatMap(({ key }) => this.#runs.get(key) ?? []);
    return comparePage(this.#config.uri, this.experimentId, runs);
  }

  async #uploadOutcomes(run: Run, outcomes: Map<string, Outcome>): Promise<void> {
    const texts = Object.fromEntries([...outcomes].map(([split, outcome]) => [split, outcomeToText(outcome)]));
    await inTemporaryFolder('experiments-', async (folder) => {
      const file = join(folder, OUTCOMES);
      writeText(file, JSON.stringify(texts));
      await uploadArtifact(this.#config, run.artifactUri, OUTCOMES, file);
    });
  }

  async #outcomesOf(run: Run): Promise<[string, Outcome][]> {
    return inTemporaryFolder('experiments-', async (folder) => {
      const file = join(folder, OUTCOMES);
      await downloadArtifact(this.#config, run.artifactUri, OUTCOMES, file);
      const texts: Record<string, unknown> = JSON.parse(readFileSync(file, 'utf8'));
      return Object.entries(texts).map(([split, text]) => [split, outcomeFromText(text)]);
    });
  }
}

/** The study's parent run. When several machines start at once, the oldest run stays and the others delete theirs. */
async function ensureParent(config: TrackingConfig, experimentId: string, facts: StudyFacts): Promise<Run> {
  const own = { 'experiments.fingerprint': facts.fingerprint };
  const oldest = async () =>
    (await searchRuns(config, experimentId, own)).sort(
      (a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1),
    )[0];
  const found = await oldest();
  if (found) return found;
  const tags = { ...facts.tags, ...own, [STUDY]: facts.name };
  const run = await createRun(config, experimentId, facts.name, tags);
  const first = (await oldest()) ?? run;
  if (first.id !== run.id) await callApi(config, 'POST', 'runs/delete', { run_id: run.id });
  await logValues(config, first.id, { params: facts.params }, first.startTime);
  return first;
}

/**
 * The same names in all cells, apart from the classifier's own settings. MLflow's page draws the first three by name
 * unless told otherwise, so the settings that vary and the n-grams have names before `settings.`.
 */
function paramsOf({ coordinates, feature_engineering, model_building, learner }: KeyedCell['cell']) {
  const { word, char } = feature_engineering;
  const ranges = [word && `words ${word.ngrams.join('-')}`, char && `characters ${char.ngrams.join('-')}`];
  const common = Object.entries(model_building).filter(([name]) => !(name in linearSettings));
  const { classifier } = learner;
  const settings = {
    weighting: (word ?? char)?.weighting,
    ...Object.fromEntries(common),
    // Only linear models are calibrated.
    ...(!isLinear(classifier) && { calibration: 'none' }),
    ...{ classifier, seed: learner.seed, ...learner.settings },
  };
  return Object.fromEntries([
    ...Object.entries(coordinates).map(([name, value]) => [name, String(value)]),
    ['ngrams', ranges.filter(Boolean).join(', ')],
    ...Object.entries(settings)
      .filter(([name]) => !(name in coordinates))
      .map(([name, value]) => [`settings.${name}`, String(value)]),
  ]);
}
