/**
 * Deploys a release. If its rollout fails, rolls back to the last good release and says why.
 *
 *   plan        sign-in, rights, lock, image, references, dry-run: a refusal here changes nothing
 *   apply       server-side, dependencies first
 *   follow      until only the new revision serves, or a verdict
 *   roll back   collect the evidence, then apply and follow the last good release in the same way
 *
 * Only the cluster holds state (record.ts), so the next run can continue after a run that was killed at any point.
 */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { PipelineError } from '../errors.ts';
import { describeError } from '../kubernetes/api_error.ts';
import { progressLine, progressOf, readSnapshot } from '../kubernetes/snapshot.ts';
import { acquireLock, type Lock, lockName } from './lock.ts';
import { type Manifest, readManifests, targetOf } from './manifest.ts';
import { type Plan, planRelease, type RolloutOptions } from './plan.ts';
import type { Outcome } from './report.ts';
import { checkRights } from './rights.ts';
import { rollOut } from './roll_out.ts';
import type { Despite } from './settings.ts';

export type DeployOptions = Omit<RolloutOptions, 'onProgress'> & {
  /** A folder of manifests, or the objects themselves. */
  manifests: string | Manifest[];
  onProgress?: RolloutOptions['onProgress'];
  /** Stops following and releases the lock; the rollout stays as it is. */
  signal?: AbortSignal;
};

/**
 * Whatever the cluster answers becomes an outcome. Throws only for the manifests: MANIFEST unless they hold exactly one
 * Deployment, or one of the given name, and what reading their folder throws.
 */
export async function deploy(options: DeployOptions): Promise<Outcome> {
  const begun = Date.now();
  const manifests = typeof options.manifests === 'string' ? await readManifests(options.manifests) : options.manifests;
  const { name, namespace } = targetOf(manifests, options);
  const { kubeConfig, image, signal, onProgress = () => {} } = options;
  const facts = () => ({ namespace, name, image, seconds: (Date.now() - begun) / 1000 });

  let lock: Lock | undefined;
  let plan: Plan;
  try {
    const known = await passedRights();
    // Nobody else can deploy to a namespace that does not exist yet, and it cannot hold a Lease.
    plan = await planRelease(manifests, { ...options, onProgress }, known, async () => {
      lock = await acquireLock({
        kubeConfig,
        namespace,
        name: lockName(name),
        holder: holder(options),
        onWait: (other) => onProgress(`the lock is held by ${other}: checking whether that deployer is still running`),
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
    const confirmLock = async () => lock?.confirm();
    const ending = await rollOut({ ...plan, signal: AbortSignal.any(signals), confirmLock });
    const { passed: despite, shadow } = plan;
    return { ...facts(), ...(Object.keys(despite).length > 0 && { despite }), ...(shadow && { shadow }), ...ending };
  } catch (error) {
    return { ...facts(), state: 'interrupted', reason: describeError(error), left: await describeLeft() };
  } finally {
    await lock?.release();
  }

  /** The cluster may grant by other means than its answer says. */
  async function passedRights(): Promise<Despite> {
    try {
      await checkRights(kubeConfig, namespace, name);
      return {};
    } catch (error) {
      const reason = options.despite?.NO_RIGHTS;
      if (!(error instanceof PipelineError) || error.code !== 'NO_RIGHTS' || reason === undefined) throw error;
      onProgress(`passed NO_RIGHTS, because "${reason}": ${error.headline}`);
      return { NO_RIGHTS: reason };
    }
  }

  async function describeLeft(): Promise<string> {
    try {
      const snapshot = await readSnapshot(kubeConfig, namespace, name, 5);
      return snapshot ? progressLine(progressOf(snapshot)) : 'the Deployment does not exist';
    } catch (error) {
      return `unknown (${describeError(error)})`;
    }
  }
}

function holder({ commit }: DeployOptions): string {
  const what = commit ? `, commit ${commit.slice(0, 12)}` : '';
  return `${userName()}@${hostname()} (process ${process.pid}${what}, run ${randomUUID().slice(0, 8)})`;
}

/** A container's user may have a number but no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

function asRefusal(cause: unknown): PipelineError {
  if (cause instanceof PipelineError) return cause;
  const next = 'fix what the message names, then deploy again';
  return new PipelineError('CLUSTER', `the request to the cluster failed: ${describeError(cause)}`, { next, cause });
}
