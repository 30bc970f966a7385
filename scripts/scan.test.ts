import { expect, test } from 'vitest';
import { compare, type Found, readCheckov, readExceptions, readKubeScore } from './scan.ts';

const found: Found[] = [{ scanner: 'checkov', check: 'CKV_1', where: '/Dockerfile', says: 'no' }];
const excuse = { scanner: 'checkov' as const, check: 'CKV_1', reason: 'because it has to be so' };

test('a finding is open until somebody excuses it there, and an excuse for nothing is told', () => {
  expect(compare(found, [])).toEqual({ open: found, idle: [] });
  expect(compare(found, [{ ...excuse, where: ['/Dockerfile'] }])).toEqual({ open: [], idle: [] });
  expect(compare(found, [{ ...excuse, where: ['/other'] }])).toEqual({
    open: found,
    idle: ['checkov CKV_1 at /other'],
  });
});

test('reads what checkov prints, for one kind of files and for several', () => {
  const failed = { check_id: 'CKV_K8S_1', check_name: 'x', resource: 'Deployment.a.b', file_path: '/m.yaml' };
  const of = (check_type: string) => ({ check_type, results: { failed_checks: [failed] } });
  expect(readCheckov(JSON.stringify(of('kubernetes'))).map(({ where }) => where)).toEqual(['Deployment.a.b']);
  expect(readCheckov(JSON.stringify([of('kubernetes'), of('dockerfile')])).map(({ where }) => where)).toEqual([
    'Deployment.a.b',
    '/m.yaml',
  ]);
});

test('of kube-score what is passed or skipped does not count', () => {
  const check = (id: string, grade: number, skipped = false) => ({
    check: { id, name: id },
    grade,
    skipped,
    comments: [{ summary: 'it is so' }],
  });
  const object = {
    type_meta: { kind: 'Deployment' },
    object_meta: { name: 'b', namespace: 'a' },
    checks: [check('one', 1), check('two', 10), check('three', 1, true)],
  };
  expect(readKubeScore(JSON.stringify([object, { ...object, checks: null }]))).toEqual([
    { scanner: 'kube-score', check: 'one', where: 'Deployment.a.b', says: 'it is so' },
  ]);
});

test('every exception is written down once, with a reason', () => {
  const keys = readExceptions().flatMap(({ scanner, check, where }) =>
    where.map((each) => `${scanner} ${check} ${each}`),
  );
  expect(keys.length).toBeGreaterThan(10);
  expect(new Set(keys).size).toBe(keys.length);
});
