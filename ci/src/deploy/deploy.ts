/**
 * A release becomes what serves, or the cluster goes back to what served before, and says why.
 *
 *   refused?   sign-in, rights, lock, image, references, dry-run: nothing was changed
 *   apply      server-side, in the order of dependence
 *   follow     until the new revision alone serves, or a verdict
 *   return     evidence first, then the last release that was proved good, followed in the same way
 *
 * Nothing but the cluster holds state (record.ts), so that a run that was killed anywhere is taken up by the next.
 */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { KubeConfig } from '#kubernetes';
import type { PatienceTable } from '../diagnosis/patience.ts';
import { PipelineError } from '../errors.ts';
import type { ExplainImage } from '../image/explanation.ts';
import { describeError } from './api_error.ts';
import { acquireLock, type Lock } from './lock.ts';
import { deploymentOf, type Manifest, type ReleaseFacts, readManifests } from './manifest.ts';
import type { Outcome } from './outcome.ts';
import { type Plan, planRelease } from './plan.ts';
import { progressLine, progressOf } from './progress.ts';
import { patiently } from './retry.ts';
import { checkRights } from './rights.ts';
import { rollOut } from './roll_out.ts';
import { readSnapshot } from './snapshot.ts';

export type DeployOptions = ReleaseFacts & {
  kubeConfig: KubeConfig;
  /** A folder of manifests, or the objects themselves. */
  manifests: string | Manifest[];
  /** Default `sentiment-deployer`; keep it from run to run, or fields stay behind that nobody owns. */
  fieldManager?: string;
  /** What the registry really holds; asked before the start, and again when a pull fails. */
  explainImage?: ExplainImage;
  /** For the whole rollout, default 900. A fault that cannot heal ends it long before. */
  deadlineSeconds?: number;
  /** Seconds that a cause is waited for before it fails the rollout, in place of its own. */
  patience?: PatienceTable;
  /** Live progress, one line each. */
  onProgress?: (line: string) => void;
  /** Stops following and gives the lock back; the rollout stays as it is. */
  signal?: AbortSignal;
};

/**
 * Never throws for what the cluster says: that is an outcome. Throws MANIFEST for manifests without exactly one
 * Deployment, and what reading their folder throws.
 */
export async function deploy(options: DeployOptions): Promise<Outcome> {
  const begun = Date.now();
  const manifests = typeof options.manifests === 'string' ? await readManifests(options.manifests) : options.manifests;
  const { name, namespace = 'default' } = deploymentOf(manifests).metadata;
  const { kubeConfig, image, signal, onProgress = () => {} } = options;
  const facts = () => ({ namespace, name, image, seconds: (Date.now() - begun) / 1000 });

  let lock: Lock | undefined;
  let plan: Plan;
  try {
    await checkRights(kubeConfig, namespace, name);
    // In a namespace that is not there yet nobody else deploys to it, and a Lease has no place.
    plan = await planRelease({ ...options, manifests, onProgress }, async () => {
      lock = await acquireLock({
        kubeConfig,
        namespace,
        name: `${name}-deploy`,
        holder: holder(options),
        onWait: (other) => onProgress(`the lock is held by ${other}: seeing whether it is alive`),
        signal,
      });
    });
  } catch (error) {
    await lock?.release();
    if (signal?.aborted)
      return { ...facts(), state: 'interrupted', reason: describeError(signal.reason), left: 'nothing was changed' };
    return { ...facts(), state: 'refused', error: asRefusal(error) };
  }

  const signals = [signal, lock?.lost].filter((each) => each !== undefined);
  try {
    const ending = await rollOut({ ...plan, signal: AbortSignal.any(signals) });
    return { ...facts(), ...ending };
  } catch (error) {
    return { ...facts(), state: 'interrupted', reason: describeError(error), left: await describeLeft() };
  } finally {
    await lock?.release();
  }

  async function describeLeft(): Promise<string> {
    try {
      const snapshot = await patiently(() => readSnapshot(kubeConfig, namespace, name), 5);
      return snapshot ? progressLine(progressOf(snapshot)) : 'there is no such Deployment';
    } catch (error) {
      return `unknown (${describeError(error)})`;
    }
  }
}

function holder({ commit }: DeployOptions): string {
  const what = commit ? `, commit ${commit.slice(0, 12)}` : '';
  return `${userName()}@${hostname()} (process ${process.pid}${what}, run ${randomUUID().slice(0, 8)})`;
}

/** A container's user may have a number and no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

function asRefusal(cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  const next = 'mend what the message names, then run the deployment again';
  return new PipelineError('CLUSTER', `the cluster could not be asked: ${describeError(cause)}`, { next, cause });
}
