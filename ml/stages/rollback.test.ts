import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import type { ModelVersion } from '../tracking/registry.ts';
import { heldVersions, holdOn } from './hold.ts';
import { planRollback } from './rollback.ts';

/** Versions 1, 2, ... from these descriptions, in the order of the registry: the newest first. */
function versionsOf(...all: { stage?: string; tags?: Record<string, string> }[]): ModelVersion[] {
  const versions = all.map(({ stage = 'Archived', tags = {} }, i) => ({
    name: 'm',
    version: String(i + 1),
    stage,
    status: 'READY',
    statusMessage: '',
    runId: '',
    source: '',
    description: '',
    aliases: [],
    tags,
  }));
  return versions.reverse();
}

const production = { stage: 'Production' };
const held = { 'hold.state': 'held', 'hold.reason': 'bad', 'hold.by': 'ann', 'hold.since': '2026-11-30T12:00:00.000Z' };
const replacedBy = (version: string, more: Record<string, string> = {}) => ({
  tags: { 'promotion.superseded_by': version, ...more },
});

function way(versions: ModelVersion[], wanted?: string): string {
  const { left, target } = planRollback('m', versions, wanted);
  return `${left?.version ?? 'none'} -> ${target.version}`;
}

describe('where the way back leads', () => {
  test.each([
    [
      'to the version that Production took the place of',
      versionsOf(replacedBy('3'), {}, production),
      undefined,
      '3 -> 1',
    ],
    ['past a held one', versionsOf(replacedBy('2'), replacedBy('3', held), production), undefined, '3 -> 1'],
    [
      'past the same model under another number',
      versionsOf(replacedBy('2'), replacedBy('3', { 'pipeline.content_digest': 'a' }), {
        ...production,
        tags: { 'pipeline.content_digest': 'a' },
      }),
      undefined,
      '3 -> 1',
    ],
    ['without tags, to the newest older one', versionsOf({}, {}, production, {}), undefined, '3 -> 2'],
    [
      'but not to one that the gate refused or never saw',
      versionsOf({}, { tags: { 'promotion.refused': 'x' } }, { tags: { 'pipeline.superseded_by': '4' } }, production),
      undefined,
      '4 -> 1',
    ],
    ['to any version that is named', versionsOf({}, production, {}), '3', '2 -> 3'],
    ['nowhere, if Production is named', versionsOf({}, production), '2', 'none -> 2'],
    [
      'on, if it was killed before Production moved',
      versionsOf({}, replacedBy('3'), { ...production, tags: { ...held, 'hold.going_back_to': '1' } }),
      undefined,
      '3 -> 1',
    ],
    [
      'on, if it was killed after Production moved',
      versionsOf({}, production, { tags: { ...held, 'hold.going_back_to': '2' } }),
      undefined,
      '3 -> 2',
    ],
    [
      'from Production, if an old mark concerns other versions',
      versionsOf(replacedBy('4'), {}, { tags: { ...held, 'hold.going_back_to': '2' } }, production),
      undefined,
      '4 -> 1',
    ],
  ])('%s', (_name, versions, wanted, expected) => {
    expect(way(versions, wanted)).toBe(expected);
  });

  test.each([
    ['NO_PRODUCTION', versionsOf({}, {}), undefined],
    ['NO_PRODUCTION', [], '1'],
    ['NO_SUCH_VERSION', versionsOf({}, production), '3'],
    ['VERSION_HELD', versionsOf({ tags: held }, production), '1'],
    ['NO_EARLIER_VERSION', versionsOf({ tags: held }, production), undefined],
    ['NO_EARLIER_VERSION', versionsOf(production), undefined],
  ])('%s is an error with a next step', (code, versions, wanted) => {
    expect(() => way(versions, wanted)).toThrow(expect.objectContaining({ code, next: expect.any(String) }));
  });

  test('in any registry it never leads to a held model, nor to the one in Production, and always ends', () => {
    const random = createRandom(5);
    const pick = (limit: number) => 1 + Math.floor(random() * limit);
    for (let round = 0; round < 2000; round++) {
      const count = pick(6);
      const inProduction = pick(count);
      const versions = versionsOf(
        ...Array.from({ length: count }, (_, i) => ({
          stage: i + 1 === inProduction ? 'Production' : random() < 0.7 ? 'Archived' : 'Staging',
          tags: {
            'pipeline.content_digest': String(pick(4)),
            ...(random() < 0.5 && { 'promotion.superseded_by': String(pick(count)) }),
            ...(random() < 0.3 && held),
          },
        })),
      );
      try {
        const { left, target } = planRollback('m', versions, undefined);
        expect(left?.version).toBe(String(inProduction));
        expect(holdOn(target, versions)).toBeUndefined();
        expect(target.tags['pipeline.content_digest']).not.toBe(left?.tags['pipeline.content_digest']);
      } catch (error) {
        expect(error).toMatchObject({ code: 'NO_EARLIER_VERSION' });
      }
    }
  });
});

describe('which holds a lift ends', () => {
  const a = { 'pipeline.content_digest': 'a' };
  const b = { 'pipeline.content_digest': 'b' };
  const numbers = (versions: ModelVersion[], wanted?: string) =>
    heldVersions('m', versions, wanted).map(({ version }) => version);

  test('all with the same model, also named by a version that is not held itself', () => {
    const versions = versionsOf({ tags: { ...a, ...held } }, { tags: { ...a, ...held } }, { tags: a }, production);
    expect(numbers(versions)).toEqual(['2', '1']);
    expect(numbers(versions, '3')).toEqual(['2', '1']);
  });

  test.each([
    ['NOT_HELD', versionsOf({ tags: a }, production), undefined, 'nothing is held, so the gate alone decides'],
    ['NOT_HELD', versionsOf({ tags: { ...a, ...held } }, production), '2', 'held are: 1 ("bad")'],
    [
      'NO_SUCH_VERSION',
      versionsOf({ tags: { ...a, ...held } }, production),
      '9',
      'its versions: 2 (Production), 1 (Archived)',
    ],
    [
      'HOLD_UNCLEAR',
      versionsOf({ tags: { ...a, ...held } }, { tags: { ...b, ...held } }, production),
      undefined,
      'name one: npm run -s sentiment -- rollback-model 2 --lift',
    ],
  ])('%s is an error with a next step', (code, versions, wanted, next) => {
    expect(() => numbers(versions, wanted)).toThrow(expect.objectContaining({ code, next }));
  });
});
