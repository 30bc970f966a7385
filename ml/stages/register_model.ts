/**
 * Stage 6: logs the run and registers the model, unless the tracking server has both already.
 *
 * It always runs, because DVC's run cache does not know what is on the server. So a cached evaluation never leaves the
 * registry pointing at a run that the server does not have.
 */
import { runMain } from '../errors.ts';
import { writeJson } from '../files.ts';
import { DIGEST_TAG } from '../model/remote.ts';
import { KEY_VARIABLE, signerOf, verifyKeyOf } from '../model/signature.ts';
import { readParams } from '../params.ts';
import { trackingConfig } from '../tracking/config.ts';
import { proposeVersion } from '../tracking/lifecycle.ts';
import { runPage, versionPage } from '../tracking/pages.ts';
import { ensureModel, ensureVersion, type ModelVersion } from '../tracking/registry.ts';
import { ensureExperiment } from '../tracking/runs.ts';
import { paths } from './paths.ts';
import { type PipelineResult, readPipelineResult, tags } from './pipeline_result.ts';
import {
  describeResult,
  failAbandonedRuns,
  findPipelineRun,
  logPipelineRun,
  MODEL_FOLDER,
  type PipelineRun,
} from './pipeline_run.ts';

/** Content of models/registered.json. */
type Registered = {
  name: string;
  version: string;
  runId: string;
  experimentId: string;
  digest: string;
  trackingUri: string;
};

await runMain(async () => {
  const config = trackingConfig();
  const params = readParams();
  const { experiment, model_name: name } = params.register_model;
  // A key that cannot sign is told before anything is done.
  const sign = signerOf(process.env[KEY_VARIABLE]);
  const result = await readPipelineResult(params);
  if (result.lockHash === undefined) console.log(`there is no ${paths.lock}: the run cannot record its data`);

  const experimentId = await ensureExperiment(config, experiment);
  await failAbandonedRuns(config, experimentId);
  const found = await findPipelineRun(config, experimentId, result, verifyKeyOf(process.env[KEY_VARIABLE]));
  const logged = found ?? (await logPipelineRun(config, experimentId, result, { modelName: name, sign }));
  await ensureModel(config, name, 'Sentiment of English texts: positive or negative.');
  const version = await ensureVersion(config, newVersion(name, logged, result));
  const stage = await proposeVersion(config, version);

  const { run, modelDigest } = logged;
  const registered: Registered = {
    name,
    version: version.version,
    runId: run.id,
    experimentId,
    digest: modelDigest,
    trackingUri: config.uri,
  };
  writeJson(paths.registered, registered);
  if (!found) {
    const counts = [result.params, result.metrics, result.files].map((record) => Object.keys(record).length);
    console.log(
      `logged run "${run.name}": ${counts[0]} params, ${counts[1]} metrics, ${counts[2]} files and the model`,
    );
    console.log(`  ${runPage(config.uri, run.experimentId, run.id)}`);
  }
  console.log(`${found ? 'unchanged' : 'registered'}: ${name} version ${version.version}, in ${stage}`);
  console.log(`  ${versionPage(config.uri, name, version.version)}`);
});

function newVersion(name: string, { run, modelDigest }: PipelineRun, result: PipelineResult) {
  const measured = Object.entries(result.metrics).filter(([key]) => ['accuracy', 'roc_auc', 'ece'].includes(key));
  return {
    name,
    source: `${run.artifactUri}/${MODEL_FOLDER}`,
    runId: run.id,
    description: describeResult(result),
    // Metrics first: the page shows tags in this order.
    tags: {
      ...Object.fromEntries(measured.map(([key, value]) => [key, value.toFixed(4)])),
      [DIGEST_TAG]: modelDigest,
      [tags.content]: result.modelDigest,
      [tags.fingerprint]: result.fingerprint,
      [tags.trainDigest]: result.facts.dataDigest,
      [tags.testDigest]: result.testDigest,
      ...(result.git.commit && { 'git.commit': result.git.commit }),
    },
  } satisfies Partial<ModelVersion>;
}
