/** Rolling update and diagnosis as a program, for machines without Dagger and for any application (ci/README.md). */
import { appendFileSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { KubeConfig } from '#kubernetes';
import { parseSample, type Question } from '../bake/sample.ts';
import { parseSignals, type SignalTable } from '../bake/signals.ts';
import { PipelineError } from '../errors.ts';
import { type ExplainImage, parseImage } from '../image_name.ts';
import { clusterError, describeError } from '../kubernetes/api_error.ts';
import { hideCredentials, kubernetes } from '../kubernetes/client.ts';
import { verifyingKey } from '../supply/signature.ts';
import { dockerLogin, type Verify, verifierOf } from '../supply/verify.ts';
import { deploy } from './deploy.ts';
import { describeDiagnosis, diagnose } from './diagnose.ts';
import { throughServer } from './kubeconfig.ts';
import { describeOutcome, exitCode, outcomeJson, withPages } from './report.ts';
import { rolloutSettings } from './settings.ts';
import { type Entry, parseRecord, timelineOf } from './timeline.ts';

const program = basename(import.meta.filename) === 'main.ts' ? 'node ci/src/deploy/main.ts' : 'explained-rollout';

const usage = `${program} deploy --manifests <folder> --image <registry/repository@sha256:...> [options]
${program} diagnose --name <deployment> [options]
${program} timeline <file>

  --manifests <folder>       folder of the objects to apply; with a kustomization, what kubectl makes of it
  --image <reference>        image by digest
  --name <deployment>        Deployment to follow (default: the only one of the manifests) or to diagnose
  --container <name>         container that runs the image (default: the only one)
  --namespace <name>         for objects that name none (default: default)
  --commit, --model-version  recorded as annotations of the Deployment
  --deadline <duration>      limit for the whole rollout, such as 30m (default: what its pods need one after the other)
  --patience <cause>=<seconds>
                             how long that cause may last before it fails the rollout, such as image-not-found=120
                             for a registry that replicates; repeat it for another cause. A wrong name lists all
  --verify-key <file>        public key in PEM; an image without a signature by it is refused. Registries are asked as the machine's
                             docker login and AWS credentials let it
  --despite <code>=<reason>  pass this refusal; the record keeps the reason. Repeat it for another
  --canary <duration>        how long to compare one pod of the new revision with the old ones before the rest follows
  --bake <duration>          how long to compare the new revision with the old one under traffic (default 0: not at all)
  --prometheus <address>     while watching, alerts of this service that begin to fire there are a reason to go back
  --sample <file>            questions that the new image answers before any pod takes traffic, compared with the answers of
                             the revision that serves; one JSON object a line: {"name": ..., "ask": the request's body}
  --max-flips <share>        refuse the release if more of these answers differ, such as 10%
  --signals <file>           what is compared (default: signals.yaml beside the folder of manifests, if there is one)
  --record <file>            write what was said and compared, with its time, one JSON object a line; timeline <file> makes
                             a picture (SVG) of it on standard output
  --field-manager <name>     owner of the fields that are applied (default explained-rollout); the same in each run
  --kubeconfig <file>        default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --context <name>           context of the kubeconfig (default: its current one)
  --cluster <name>           EKS cluster, instead of a kubeconfig; credentials and AWS_REGION from the environment
  --server <host:port>       where to reach the API server, if not at the kubeconfig's address
  --json                     print the outcome as JSON on standard output; progress always goes to standard error

For an image in ECR, compares the image name with what ECR holds, using this machine's AWS credentials.

Exit codes: 0 deployed, unchanged, healthy; 1 rolled back, failed, interrupted, unhealthy; 2 usage error;
3 refused before anything was changed; 4 could not look: no way in, no answer, or no right.
`;

const options = {
  manifests: { type: 'string' },
  image: { type: 'string' },
  container: { type: 'string' },
  commit: { type: 'string' },
  'model-version': { type: 'string' },
  deadline: { type: 'string' },
  patience: { type: 'string', multiple: true, default: [] as string[] },
  'verify-key': { type: 'string' },
  despite: { type: 'string', multiple: true, default: [] as string[] },
  bake: { type: 'string' },
  canary: { type: 'string' },
  prometheus: { type: 'string' },
  sample: { type: 'string' },
  record: { type: 'string' },
  'max-flips': { type: 'string' },
  signals: { type: 'string' },
  namespace: { type: 'string' },
  name: { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  cluster: { type: 'string' },
  server: { type: 'string' },
  'field-manager': { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

class UsageError extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const [command, ...rest] = positionals;
  if (command === 'timeline') return await draw(rest);
  if (rest.length > 0) throw new UsageError(`unexpected argument "${rest[0]}"`);
  if (command === 'deploy') return await runDeploy(values);
  if (command === 'diagnose') return await runDiagnose(values);
  throw new UsageError(command ? `unknown command "${command}"` : 'the command is missing');
}

type Values = ReturnType<typeof parse>['values'];

async function runDeploy(values: Values): Promise<number> {
  const { image, manifests, name, namespace, container, commit, 'model-version': modelVersion } = values;
  if (image === undefined) throw new UsageError('--image is missing');
  if (manifests === undefined) throw new UsageError('--manifests is missing');
  const settings = rolloutSettings({ ...values, maxFlips: values['max-flips'] });
  const signals = await readSignals(manifests, values.signals);
  const sample = await readSample(values, signals);
  const verifyImage = await readVerifyKey(values['verify-key']);
  const kubeConfig = await kubeConfigOf(values);
  const note = values.record === undefined ? undefined : recorder(values.record);
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stopped.abort(new Error(`stopped by ${name}`)));
  }
  const outcome = await deploy({
    kubeConfig,
    manifests,
    image,
    name,
    namespace,
    container,
    commit,
    modelVersion,
    ...settings,
    signals,
    sample,
    fieldManager: values['field-manager'],
    explainImage: explainerFor(kubeConfig),
    verifyImage,
    onProgress: (line) => {
      process.stderr.write(`${line}\n`);
      note?.({ line });
    },
    onLook: (comparisons) => note?.({ comparisons }),
    signal: stopped.signal,
  });
  process.stdout.write(`${withPages(values.json ? outcomeJson(outcome) : describeOutcome(outcome))}\n`);
  return exitCode(outcome);
}

async function draw([path, ...rest]: string[]): Promise<number> {
  if (path === undefined || rest.length > 0) throw new UsageError('timeline takes one file that --record has written');
  let record: Entry[];
  try {
    record = parseRecord(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${path} is not a record: ${error instanceof Error ? error.message : error}`);
  }
  process.stdout.write(timelineOf(record, 'A deployment, from its own record'));
  return 0;
}

async function readSignals(manifests: string, given: string | undefined): Promise<SignalTable | undefined> {
  const path = given ?? join(dirname(resolve(manifests)), 'signals.yaml');
  if (given === undefined && !existsSync(path)) return undefined;
  return parseSignals(await readFile(path, 'utf8'), path);
}

/** Throws UsageError and SIGN_KEY. */
async function readVerifyKey(path: string | undefined): Promise<Verify | undefined> {
  if (path === undefined) return undefined;
  const pem = await readFile(path, 'utf8').catch((error) => {
    throw new UsageError(`--verify-key cannot be read: ${error.message}`);
  });
  return verifierOf(verifyingKey(pem), async ({ registry, region }) => {
    if (region === undefined) return dockerLogin(registry);
    const { ownRegistryLogin } = await import('./aws.ts');
    return ownRegistryLogin(registry, region);
  });
}

/** Each entry at once, so that a run that is killed leaves its record. */
function recorder(path: string): (entry: Omit<Entry, 'seconds'>) => void {
  const begun = Date.now();
  writeFileSync(path, '');
  return (entry) => appendFileSync(path, `${JSON.stringify({ seconds: (Date.now() - begun) / 1000, ...entry })}\n`);
}

async function readSample(values: Values, signals: SignalTable | undefined): Promise<Question[] | undefined> {
  const { sample: path, 'max-flips': maxFlips } = values;
  if (path === undefined && maxFlips !== undefined)
    throw new UsageError('--max-flips limits how many answers to --sample may differ, and there is no --sample');
  if (path === undefined) return undefined;
  if (signals?.shadow) return parseSample(await readFile(path, 'utf8'), path);
  throw new UsageError('--sample needs a table of signals whose "shadow" says where to ask (--signals)');
}

async function runDiagnose(values: Values): Promise<number> {
  const { name, namespace = 'default', json } = values;
  if (name === undefined) throw new UsageError('--name is missing');
  const kubeConfig = await kubeConfigOf(values);
  const diagnosis = await diagnose({ kubeConfig, namespace, name, explainImage: explainerFor(kubeConfig) }).catch(
    (error) => {
      throw clusterError(kubeConfig, error);
    },
  );
  const report = describeDiagnosis(diagnosis);
  process.stdout.write(`${withPages(json ? JSON.stringify({ ...diagnosis, report }, undefined, 2) : report)}\n`);
  return diagnosis.state === 'healthy' ? 0 : 1;
}

/** Without an image in ECR, needs no AWS credentials and does not load the AWS clients. */
function explainerFor(kubeConfig: KubeConfig): ExplainImage {
  return async (reference, pod) => {
    if (parseImage(reference)?.account === undefined) return { reference, differences: [], evidence: [] };
    const { ownEcrExplainer } = await import('./aws.ts');
    return ownEcrExplainer(kubeConfig)(reference, pod);
  };
}

function parse() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function kubeConfigOf(values: Values): Promise<KubeConfig> {
  const { cluster, kubeconfig, server } = values;
  if (cluster !== undefined && kubeconfig !== undefined)
    throw new UsageError('--cluster and --kubeconfig name two clusters: give one of them');
  const config = cluster === undefined ? readKubeConfig(values) : await eksConfigOf(cluster);
  return server === undefined ? config : throughServer(config, server);
}

/** Loads the AWS clients only when they are needed. */
async function eksConfigOf(cluster: string): Promise<KubeConfig> {
  const { ownEksKubeConfig } = await import('./aws.ts');
  return ownEksKubeConfig(cluster);
}

function readKubeConfig({ kubeconfig, context }: Values): KubeConfig {
  const config = new (kubernetes().KubeConfig)();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new UsageError(`the kubeconfig cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  hideCredentials(config);
  if (context !== undefined) {
    if (!config.getContextObject(context)) throw new UsageError(`the kubeconfig has no context "${context}"`);
    config.setCurrentContext(context);
  }
  // What the client assumes where it finds nothing.
  if (kubeconfig === undefined && config.getCurrentCluster()?.server === 'http://localhost:8080') {
    const next = 'give --kubeconfig FILE, or write one: aws eks update-kubeconfig --name CLUSTER';
    const headline =
      'there is no way into a cluster: no --kubeconfig, no KUBECONFIG, no ~/.kube/config, no service account';
    throw new PipelineError('NO_KUBECONFIG', headline, { next });
  }
  return config;
}

/** The cluster did not tell: the same call may succeed elsewhere or later. */
function couldNotLook({ code }: PipelineError): boolean {
  return code.startsWith('CLUSTER') || code.startsWith('AWS') || code === 'NO_KUBECONFIG';
}

// Dagger imports every file under src; that must not run the program. npx calls it through a link.
if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      process.exitCode = 2;
    } else if (error instanceof PipelineError) {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = couldNotLook(error) ? 4 : error.code === 'NO_DEPLOYMENT' ? 1 : 2;
    } else {
      // Nobody outside can use a stack.
      process.stderr.write(`this failed for a reason that the program does not know: ${describeError(error)}\n`);
      process.exitCode = 4;
    }
  }
}
