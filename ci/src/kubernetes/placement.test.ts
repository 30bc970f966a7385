import { expect, test } from 'vitest';
import { mayRunOn } from './placement.ts';

const node = (labels: Record<string, string>, taints: { key: string; value?: string; effect: string }[] = []) => ({
  metadata: { name: 'node1', labels },
  spec: { taints },
});
const amd64 = node({ 'kubernetes.io/arch': 'amd64', zone: 'a', cores: '4' });
const affinity = (matchExpressions: object[]) => ({
  containers: [],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  },
});

test('without any wish a pod may run anywhere', () => {
  expect(mayRunOn(undefined, amd64)).toBe(true);
  expect(mayRunOn({ containers: [] }, amd64)).toBe(true);
});

test('a nodeSelector needs all its labels', () => {
  expect(mayRunOn({ containers: [], nodeSelector: { 'kubernetes.io/arch': 'amd64', zone: 'a' } }, amd64)).toBe(true);
  expect(mayRunOn({ containers: [], nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, amd64)).toBe(false);
});

test.each([
  [{ key: 'zone', operator: 'In', values: ['a', 'b'] }, true],
  [{ key: 'zone', operator: 'NotIn', values: ['a'] }, false],
  [{ key: 'gpu', operator: 'Exists' }, false],
  [{ key: 'gpu', operator: 'DoesNotExist' }, true],
  [{ key: 'cores', operator: 'Gt', values: ['3'] }, true],
  [{ key: 'cores', operator: 'Lt', values: ['3'] }, false],
])('the requirement %j holds: %s', (expression, expected) => {
  expect(mayRunOn(affinity([expression]) as never, amd64)).toBe(expected);
});

test('a term without requirements matches no node', () => {
  expect(mayRunOn(affinity([]) as never, amd64)).toBe(false);
});

test('a taint keeps pods away that do not tolerate it, and one of the cluster itself is temporary', () => {
  const tainted = node({}, [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }]);
  expect(mayRunOn({ containers: [] }, tainted)).toBe(false);
  const tolerating = (toleration: object) => ({ containers: [], tolerations: [toleration] });
  expect(mayRunOn(tolerating({ key: 'gpu', operator: 'Exists' }), tainted)).toBe(true);
  expect(mayRunOn(tolerating({ key: 'gpu', value: 'yes', effect: 'NoSchedule' }), tainted)).toBe(true);
  expect(mayRunOn(tolerating({ key: 'gpu', value: 'no' }), tainted)).toBe(false);
  expect(mayRunOn(tolerating({ operator: 'Exists' }), tainted)).toBe(true);
  expect(mayRunOn({ containers: [] }, node({}, [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]))).toBe(
    true,
  );
});
