import { expect, test } from 'vitest';
import type { Manifest } from '../kubernetes/objects.ts';
import { takeover } from './ownership.ts';

const wanted = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', labels: { app: 'app' } },
  spec: { template: { spec: { containers: [{ name: 'app', image: 'x' }] } } },
};

function live(...managedFields: object[]): Manifest {
  return { ...wanted, metadata: { ...wanted.metadata, resourceVersion: '7', managedFields } } as Manifest;
}

const field = (...path: string[]): object => path.reduceRight((inner, part) => ({ [part]: inner }), {});
const container = ['f:spec', 'f:template', 'f:spec', 'f:containers', 'k:{"name":"app"}'];

test('what kubectl applied becomes ours, together with what we had', () => {
  const { operations } = takeover(
    live(
      { manager: 'kubectl-client-side-apply', operation: 'Update', fieldsV1: field(...container, 'f:env') },
      { manager: 'deployer', operation: 'Apply', fieldsV1: field(...container, 'f:image') },
      { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', fieldsV1: field('f:status') },
    ),
    wanted,
    'deployer',
  );
  expect(operations[0]).toEqual({ op: 'test', path: '/metadata/resourceVersion', value: '7' });
  const entries = operations[1].value as { manager: string; fieldsV1: object }[];
  expect(entries.map(({ manager }) => manager)).toEqual(['kube-controller-manager', 'deployer']);
  const { 'k:{"name":"app"}': own } = (entries[1].fieldsV1 as never)['f:spec']['f:template']['f:spec']['f:containers'];
  expect(own).toEqual({ 'f:image': {}, 'f:env': {} });
});

test('a number of replicas stays with kubectl, and alone it is no reason to take anything over', () => {
  const replicas = { manager: 'kubectl', operation: 'Apply', fieldsV1: field('f:spec', 'f:replicas') };
  expect(takeover(live(replicas), wanted, 'deployer').operations).toEqual([]);
  const more = { ...replicas, fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } } };
  const [, { value }] = takeover(live(more), wanted, 'deployer').operations;
  expect(value).toMatchObject([
    { manager: 'deployer', operation: 'Apply', fieldsV1: field('f:spec', 'f:paused') },
    { manager: 'kubectl', operation: 'Update', fieldsV1: field('f:spec', 'f:replicas') },
  ]);
});

test('what another command of kubectl set stays and is named, unless the manifest sets it too', () => {
  const { operations, left } = takeover(
    live(
      {
        manager: 'kubectl-edit',
        operation: 'Update',
        fieldsV1: field('f:spec', 'f:template', 'f:spec', 'f:nodeSelector', 'f:zone'),
      },
      { manager: 'kubectl-set', operation: 'Update', fieldsV1: field(...container, 'f:image') },
      { manager: 'kubectl-label', operation: 'Update', fieldsV1: field('f:metadata', 'f:labels', 'f:team') },
      { manager: 'cluster-autoscaler', operation: 'Update', fieldsV1: field('f:spec', 'f:paused') },
    ),
    wanted,
    'deployer',
  );
  expect(operations).toEqual([]);
  expect(left).toEqual(['spec.template.spec.nodeSelector (kubectl-edit)', 'metadata.labels.team (kubectl-label)']);
});
