import { expect, test } from 'vitest';
import { canaryManager, isPausedByCanary, oneFirst } from './canary.ts';
import type { DeploymentManifest } from './manifest.ts';

const deployment = (spec: object): DeploymentManifest =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'app' }, spec }) as DeploymentManifest;

test('one pod more at a time and none less, held long enough to pause; the pods are the same', () => {
  const template = { spec: { containers: [] } };
  const { spec } = oneFirst(
    deployment({
      template,
      minReadySeconds: 5,
      strategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: '50%' } },
    }),
  );
  expect(spec).toEqual({
    template,
    minReadySeconds: 30,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  });
  expect(oneFirst(deployment({ template, minReadySeconds: 60 })).spec?.minReadySeconds).toBe(60);
});

test('only a pause that nobody but a canary set is one of ours', () => {
  const pausedBy = (...managers: string[]) => ({
    metadata: {
      managedFields: managers.map((manager) => ({ manager, fieldsV1: { 'f:spec': { 'f:paused': {} } } })),
    },
  });
  expect(isPausedByCanary(pausedBy(canaryManager('d')), 'd')).toBe(true);
  expect(isPausedByCanary(pausedBy(canaryManager('d'), 'kubectl-rollout'), 'd')).toBe(false);
  expect(isPausedByCanary(pausedBy('kubectl-rollout'), 'd')).toBe(false);
  expect(isPausedByCanary(pausedBy(), 'd')).toBe(false);
  expect(isPausedByCanary(undefined, 'd')).toBe(false);
});
