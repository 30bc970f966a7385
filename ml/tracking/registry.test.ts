import { expect, test } from 'vitest';
import { parseModelUri } from './registry.ts';

test.each([
  ['models:/my_model/Production', { name: 'my_model', stage: 'Production' }],
  ['models:/my_model/production', { name: 'my_model', stage: 'Production' }],
  ['models:/my model/Staging', { name: 'my model', stage: 'Staging' }],
  ['models:/my_model@champion-1', { name: 'my_model', alias: 'champion-1' }],
  ['models:/my_model/12', { name: 'my_model', version: '12' }],
  ['models:/my_model/latest', { name: 'my_model', latest: true }],
])('%s is valid', (uri, reference) => {
  expect(parseModelUri(uri)).toEqual(reference);
});

test.each([
  'my_model',
  'models:/',
  'models:/my_model',
  'models:/my_model/',
  'models:/my_model/0',
  'models:/my_model/Prod',
  'models:/my_model@',
  'models:/a/b/3',
  'models://host/my_model/3',
  'runs:/abc/model',
  'models:/m@a b',
  '',
])('"%s" is invalid', (uri) => {
  expect(() => parseModelUri(uri)).toThrow(
    expect.objectContaining({
      code: 'MODEL_URI',
      exitCode: 2,
      message: `"${uri}" is not the address of a registered model`,
    }),
  );
});
