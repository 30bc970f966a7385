import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedFields } from './apply.ts';

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
