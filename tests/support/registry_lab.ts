/**
 * For tests of register_model and promote_model: before each test a folder with a trained model and names of its own
 * on the shared MLflow, the programs to run there, and what the server then says.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { paths } from '../../ml/stages/paths.ts';
import { uploadArtifact } from '../../ml/tracking/artifacts.ts';
import { type TrackingConfig, trackingConfig } from '../../ml/tracking/config.ts';
import { searchVersions, versionByAlias } from '../../ml/tracking/registry.ts';
import { findExperiment, searchRuns } from '../../ml/tracking/runs.ts';
import { createPipelineFolder, type Outcome, type PipelineFolder } from './pipeline_folder.ts';
import { startProxy } from './proxy.ts';
import { sharedMlflow } from './shared.ts';

export type RegistryLab = ReturnType<typeof useRegistryLab>;

export function useRegistryLab() {
  let folder: PipelineFolder;
  let env: Record<string, string>;
  let config: TrackingConfig;
  let name: string;

  beforeEach(async () => {
    ({ env } = await sharedMlflow());
    config = trackingConfig(env);
    folder = await createPipelineFolder();
    await folder.train();
    name = folder.params.register_model.model_name;
  });
  afterEach(() => folder.remove());

  const versions = () => searchVersions(config, name);
  const runs = async () => searchRuns(config, (await findExperiment(config, name)) ?? '', {});
  return {
    folder: () => folder,
    env: () => env,
    config: () => config,
    /** Of the experiment and of the registered model. */
    name: () => name,
    file: (path: string) => join(folder.path, path),
    register: () => succeed(folder.run('register_model', env)),
    promote: () => succeed(folder.run('promote_model', env)),
    versions,
    runs,
    alias: async (which: string) => (await versionByAlias(config, name, which))?.version,
    /** "1 Archived, 2 Production". */
    stages: async () =>
      (await versions())
        .reverse()
        .map(({ version, stage }) => `${version} ${stage}`)
        .join(', '),
    registered: async () => JSON.parse(await readFile(join(folder.path, paths.registered), 'utf8')),
    /** Puts rubbish in the place of the newest run's model on the server; returns that run. */
    async damageModel() {
      const [run] = await runs();
      await writeFile(join(folder.path, 'rubbish'), 'rubbish');
      await uploadArtifact(config, run.artifactUri, 'model/model.bin', join(folder.path, 'rubbish'));
      return run;
    },
    /**
     * Runs a stage whose process is killed as soon as MLflow has answered its first call to `path` (with `method`, if
     * given), then runs it again.
     */
    killedThen: (stage: string, path: string, method?: string) => killedThen(folder, env, stage, path, method),
  };
}

/** Fails the test unless the program ended well and had nothing to complain of. */
export async function succeed(running: Promise<Outcome>): Promise<Outcome> {
  const outcome = await running;
  expect(outcome, outcome.err).toMatchObject({ code: 0, err: '' });
  return outcome;
}

async function killedThen(
  folder: PipelineFolder,
  env: Record<string, string>,
  stage: string,
  path: string,
  method?: string,
): Promise<Outcome> {
  let kill = () => {};
  let killed = 0;
  const proxy = await startProxy(env.MLFLOW_TRACKING_URI, {
    cut: (request) => {
      const isIt = request.url?.split('?')[0].endsWith(path) && (method ?? request.method) === request.method;
      if (killed > 0 || !isIt) return false;
      killed++;
      kill();
      return true;
    },
  });
  try {
    const dead = await folder.run(stage, { ...env, MLFLOW_TRACKING_URI: proxy.uri }, (killer) => {
      kill = killer;
    });
    expect(dead).toMatchObject({ code: null });
    expect(killed).toBe(1);
  } finally {
    await proxy.stop();
  }
  return succeed(folder.run(stage, env));
}
