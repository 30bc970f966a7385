/** Revisions of the metered app behind a Service that is asked all the time, for tests of baking and of the first pod. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, expect, vi } from 'vitest';
import { parseSignals } from '../../ci/src/bake/signals.ts';
import { type DeployOptions, deploy } from '../../ci/src/deploy/deploy.ts';
import { describeOutcome } from '../../ci/src/deploy/report.ts';
import { appManifests, appName, type Bed, useCluster } from './deploy.ts';
import { type Connections, type Load, startLoad } from './deploy_load.ts';
import { pushMetered } from './metered_app.ts';
import { PATIENCE } from './patience.ts';

const path = resolve(import.meta.dirname, '../../manifests/signals.yaml');
export const signals = parseSignals(readFileSync(path, 'utf8'), path);

/** The environment of a sick revision, by the title of its scenario in diagnosis_scenarios/pods.ts. */
export const sickness: Record<string, Record<string, string>> = {
  'errors in two percent of the answers': { FAIL: '0.02' },
  'answers that take three times as long': { SLOW: '10' },
  'labels the wrong way round': { SWAP: '1' },
  'memory that grows until the limit': { LEAK: '5' },
};

export type Baking = {
  bed: () => Bed;
  release: (namespace: string, env: Record<string, string>, replicas?: number) => DeployOptions;
  /** A namespace where a sound revision has answered for a while, and its load. */
  begin: (replicas?: number, connections?: Connections) => Promise<{ namespace: string; load: Load }>;
};

/** To be called within `describe`, as useCluster. The load ends with it. */
export function useLoad(perSecond?: number): Baking {
  let bed: Bed;
  let image: string;
  const loads: Load[] = [];
  useCluster(async (started) => {
    bed = started;
    image = (await pushMetered(started.cluster.images)).byDigest;
  });
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
  });

  function release(namespace: string, env: Record<string, string>, replicas = 1): DeployOptions {
    const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
    const resources = { limits: { memory: '160Mi' } };
    const manifests = appManifests(namespace, { replicas, container: { env: variables, resources } });
    return { kubeConfig: bed.kubeConfig, manifests, image, signals };
  }

  async function begin(replicas = 1, connections?: Connections): Promise<{ namespace: string; load: Load }> {
    const namespace = await bed.makeNamespace();
    const first = await deploy(release(namespace, {}, replicas));
    expect(first, describeOutcome(first)).toMatchObject({ state: 'deployed' });
    const url = await bed.cluster.serviceUrl(namespace, appName);
    const load = await startLoad(url, { path: '/predict' }, { perSecond, connections });
    loads.push(load);
    // What nobody has asked yet is nothing to compare with.
    const answered = async () => {
      const counts = [...(await (await fetch(`${url}/metrics`)).text()).matchAll(/^app_response_count\{.*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const enough = async () => expect(await answered()).toBeGreaterThan(1200 / replicas);
    await vi.waitFor(enough, { timeout: PATIENCE, interval: 500 });
    return { namespace, load };
  }

  return { bed: () => bed, release, begin };
}
