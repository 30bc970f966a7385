import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedFields, undeclaredFields } from './apply.ts';

test('a field that the server does not know is reported by its path', () => {
  const wanted = { spec: { replicas: 2, template: { containers: [{ name: 'app', imagePulPolicy: 'Always' }] } } };
  const answer = {
    spec: { replicas: 2, template: { containers: [{ name: 'app', imagePullPolicy: 'IfNotPresent' }] } },
  };
  expect(droppedFields(wanted, answer)).toEqual(['spec.template.containers[0].imagePulPolicy']);
});

test('a value that the server writes differently is not missing', () => {
  expect(droppedFields({ cpu: '1000m', on: true }, { cpu: '1', on: true })).toEqual([]);
});

test('an item with a name is found in any order', () => {
  const wanted = [
    { name: 'b', value: '2' },
    { name: 'a', value: '1' },
  ];
  expect(droppedFields({ env: wanted }, { env: [...wanted].reverse() })).toEqual([]);
  expect(droppedFields({ env: wanted }, { env: [{ name: 'a', value: '1' }] })).toEqual(['env[0]']);
});

test('one volume that is mounted twice is two mounts, and a port is the same port with the protocol that the server fills in', () => {
  const volumeMounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'data', mountPath: '/cache', subPath: 'cache' },
  ];
  expect(droppedFields({ volumeMounts }, { volumeMounts })).toEqual([]);
  expect(droppedFields({ volumeMounts }, { volumeMounts: volumeMounts.toReversed() })).toEqual([]);
  const ports = [
    { port: 53, protocol: 'UDP', name: 'dns' },
    { port: 53, name: 'dns-tcp' },
  ];
  const answer = [
    { port: 53, protocol: 'TCP', name: 'dns-tcp' },
    { port: 53, protocol: 'UDP', name: 'dns' },
  ];
  expect(droppedFields({ ports }, { ports: answer })).toEqual([]);
  expect(droppedFields({ ports }, { ports: [{ port: 53, protocol: 'TCP' }, answer[1]] })).toEqual(['ports[1].name']);
});

test("the server's refusal names each field that its schema lacks", () => {
  const one =
    'failed to create typed patch object (shop/app; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="app"].imagePulPolicy: field not declared in schema';
  expect(undeclaredFields(one)).toEqual(['spec.template.spec.containers[name="app"].imagePulPolicy']);
  const two =
    'failed to create typed patch object (shop/app; v1, Kind=Service): errors:\n  .spec.prots: field not declared in schema\n  .spec.tpye: field not declared in schema';
  expect(undeclaredFields(two)).toEqual(['spec.prots', 'spec.tpye']);
  expect(undeclaredFields('the server is busy')).toEqual([]);
});

test('a missing branch is reported once', () => {
  expect(droppedFields({ a: { b: { c: 1, d: 2 } } }, {})).toEqual(['a']);
});

test('an empty value may be missing', () => {
  expect(droppedFields({ a: {}, b: [], c: '', d: null, e: false, f: 0 }, {})).toEqual([]);
});

test('an answer with all that was sent, and more, has no dropped field', () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(object, object, (wanted, more) => {
      expect(droppedFields(wanted, { ...more, ...wanted })).toEqual([]);
    }),
  );
});
