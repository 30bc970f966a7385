import { expect, test } from 'vitest';
import { referencesOf } from './preflight.ts';

test('finds every object that a pod needs to start, and where the template names it', () => {
  const found = referencesOf({
    serviceAccountName: 'robot',
    initContainers: [{ name: 'init', envFrom: [{ secretRef: { name: 'keys' } }] }],
    containers: [
      {
        name: 'app',
        env: [
          { name: 'A', value: 'plain' },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } },
          { name: 'C', valueFrom: { secretKeyRef: { name: 'keys', key: 'c' } } },
        ],
      },
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: 'disk' } },
      { name: 'tls', secret: { secretName: 'cert' } },
      { name: 'mix', projected: { sources: [{ configMap: { name: 'more' } }, { downwardAPI: {} }] } },
      { name: 'scratch', emptyDir: {} },
    ],
  });
  expect(found).toEqual([
    { kind: 'Secret', name: 'keys', from: 'envFrom of container init' },
    { kind: 'ConfigMap', name: 'settings', key: 'b', from: 'env B of container app' },
    { kind: 'Secret', name: 'keys', key: 'c', from: 'env C of container app' },
    { kind: 'PersistentVolumeClaim', name: 'disk', from: 'volume data' },
    { kind: 'Secret', name: 'cert', from: 'volume tls' },
    { kind: 'ConfigMap', name: 'more', from: 'volume mix' },
    { kind: 'ServiceAccount', name: 'robot', from: 'serviceAccountName' },
  ]);
});

test('leaves out optional references', () => {
  const optional = { name: 'x', key: 'k', optional: true };
  const containers = [
    { name: 'app', env: [{ name: 'A', valueFrom: { secretKeyRef: optional } }], envFrom: [{ configMapRef: optional }] },
  ];
  const volumes = [{ name: 'v', secret: { secretName: 'x', optional: true } }];
  expect(referencesOf({ containers, volumes })).toEqual([]);
});
