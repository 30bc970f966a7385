/** Whatever a snapshot lacks or contains, judging it never throws. */
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Snapshot } from '../kubernetes/snapshot.ts';
import { causeNames, runbookPage } from './causes.ts';
import { judge, judgeNow, noHistory, remember } from './judge.ts';
import { later, recorded } from './testdata/recorded.ts';

const names = readdirSync(`${import.meta.dirname}/testdata`).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
/** Fields that every object has by the API's schema; all others may be missing. */
const always = new Set([
  'now',
  'deployment',
  'replicaSets',
  'pods',
  'events',
  'metadata',
  'involvedObject',
  'name',
  'type',
  'status',
  'containers',
  'uid',
  'template',
]);

/** A recording with some optional fields removed and some texts replaced. */
function odd(name: string, drop: number[], texts: string[]): Snapshot {
  let at = 0;
  const walk = (value: unknown, key: string): unknown => {
    if (value instanceof Date || typeof value !== 'object' || value === null) {
      if (typeof value !== 'string' || (key !== 'message' && key !== 'reason' && key !== 'image')) return value;
      at++;
      return drop.includes(at % 97) ? texts[at % texts.length] : value;
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, ''));
    const entries = Object.entries(value).flatMap(([field, inner]): [string, unknown][] => {
      at++;
      if (!always.has(field) && drop.includes(at % 97)) return [];
      return [[field, walk(inner, field)]];
    });
    return Object.fromEntries(entries);
  };
  return walk(recorded(name), '') as Snapshot;
}

test('no snapshot makes it throw, and every verdict is complete', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme', maxLength: 3000 }),
    fc.constantFrom('', '%', '(((', '\\', '"'),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(fc.nat(96), { maxLength: 30 }),
      fc.array(text, { minLength: 1, maxLength: 5 }),
      (name, drop, texts) => {
        const snapshot = odd(name, drop, texts);
        const history = remember(later(snapshot, 300), remember(snapshot, noHistory));
        for (const verdict of [judge(later(snapshot, 300), history), judgeNow(snapshot)]) {
          if (!verdict) continue;
          expect(causeNames).toContain(verdict.cause);
          expect(verdict.runbook).toBe(runbookPage(verdict.cause));
          expect(verdict.headline).toMatch(/^Deployment \S+/);
          expect(verdict.headline.length).toBeLessThan(3500);
          expect(verdict.next).not.toBe('');
        }
      },
    ),
    { numRuns: 400 },
  );
});
