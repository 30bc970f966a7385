import { expect, test } from 'vitest';
import { diagnosis } from './finding.ts';

test('a diagnosis with a failed check is an error that shows all lines', () => {
  expect(diagnosis([{ what: 'a' }])).toBe('ok    a');
  expect(() => diagnosis([{ what: 'a' }, { what: 'b', problem: 'gone', next: 'look' }])).toThrow(
    'doctor: 1 of 2 checks failed (DOCTOR)\n  | ok    a\n  | WRONG b: gone\n  |       next: look',
  );
});
