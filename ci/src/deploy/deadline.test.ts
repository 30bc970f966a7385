import { expect, test } from 'vitest';
import { deadlineOf } from './deadline.ts';

const deployment = (
  replicas: number,
  maxSurge: string | number,
  maxUnavailable: string | number,
  more: object = {},
) => ({
  spec: {
    replicas,
    progressDeadlineSeconds: 420,
    minReadySeconds: 5,
    selector: {},
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    template: { spec: { terminationGracePeriodSeconds: 150, containers: [] } },
    ...more,
  },
});

test.each([
  [2, 1, 0, 2],
  [10, 1, 0, 10],
  [10, 2, 1, 4],
  [10, '25%', '25%', 2],
  [1, 0, 1, 1],
  [0, 1, 0, 1],
])('%d pods with a surge of %s and %s missing come in %5$d steps', (replicas, surge, missing, steps) => {
  expect(deadlineOf(deployment(replicas, surge, missing))).toBe(steps * (420 + 5 + 150) + 60);
});

test('Recreate has one step', () => {
  expect(deadlineOf(deployment(9, 1, 0, { strategy: { type: 'Recreate' } }))).toBe(575 + 60);
});
