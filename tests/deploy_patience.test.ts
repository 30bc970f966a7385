/** Sound releases that are slow, each in its own way: none is rolled back. `make trust` tries eight ways at their real pace. */
import { describe, expect, test } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import type { Manifest } from '../ci/src/deploy/manifest.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { startBinder } from './support/balancer.ts';
import { apiOf } from './support/cluster/api.ts';
import { appManifests, type Bed, imagesOf, look, quick, useCluster } from './support/deploy.ts';
import { need } from './support/need.ts';
import {
  awayFor,
  moreOnTheWay,
  releaseSlowly,
  type SlowRelease,
  slowGate,
  slowQuota,
} from './support/slow_releases.ts';

/** Six times as fast as in tests/trust/slow_releases.test.ts, and so is the patience. */
const pace = 6;
const tried: [SlowRelease, number][] = [
  [slowGate, 2],
  [slowGate, 4],
  [slowQuota, 0],
  [moreOnTheWay, 0],
  [awayFor, 0],
];

describe.skipIf(!need('rig')).concurrent('a sound release is not rolled back', () => {
  let bed: Bed;
  useCluster((started) => {
    bed = started;
  });

  test.each(tried.map(([way, round]) => [way.title, round, way] as const))('with %s (%i)', async (_, round, way) => {
    const { outcome, lines, image, namespace } = await releaseSlowly(bed, way, round, pace);
    expect(outcome, `${lines.join('\n')}\n${describeOutcome(outcome)}`).toMatchObject({ state: 'deployed' });
    expect(imagesOf(await look(bed.kubeConfig, namespace))).toEqual([image]);
    if (way !== awayFor) return;
    expect(lines.join('\n')).toContain('the cluster cannot be asked');
    expect(outcome.seconds).toBeGreaterThan(16);
  });

  test('and the first one waits for its balancer, so that its pods are made after the binding', async () => {
    const { cluster, kubeConfig, v1 } = bed;
    const namespace = await bed.makeNamespace();
    const binder = await startBinder(cluster.kubeconfig, 4);
    try {
      const manifests = appManifests(namespace, { ...quick, replicas: 1 }).map((object) =>
        object.kind === 'Service' ? balanced(object) : object,
      );
      const lines: string[] = [];
      const outcome = await deploy({
        kubeConfig,
        manifests,
        image: v1.byDigest,
        onProgress: (line) => lines.push(line),
      });
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      expect(lines).toContain('waiting for the balancer of Service app, so that the pods get its gate');
      expect(describeOutcome(outcome)).toContain(
        'it was not asked from outside: the balancer of Service app has no address yet',
      );
      const path = `/apis/elbv2.k8s.aws/v1beta1/namespaces/${namespace}/targetgroupbindings/k8s-app`;
      const { metadata } = JSON.parse((await apiOf(cluster.kubeconfig)('GET', path)).body);
      const { deployment } = await look(kubeConfig, namespace);
      expect(deployment.metadata?.creationTimestamp?.getTime()).toBeGreaterThanOrEqual(
        Date.parse(metadata.creationTimestamp),
      );
    } finally {
      await binder.stop();
    }
  });
});

function balanced(object: Manifest): Manifest {
  const { spec, ...rest } = object as Manifest & { spec: object };
  return Object.assign(rest, { spec: { ...spec, type: 'LoadBalancer', loadBalancerClass: 'service.k8s.aws/nlb' } });
}
