/** Eight kinds of slowness at their real pace, five sound releases of each: none may be rolled back. */
import { afterAll, describe, expect, test } from 'vitest';
import { describeOutcome } from '../../ci/src/deploy/report.ts';
import { type Bed, imagesOf, look, useCluster } from '../support/deploy.ts';
import { limited } from '../support/limited.ts';
import { need } from '../support/need.ts';
import { releaseSlowly, type SlowRelease, slowReleases } from '../support/slow_releases.ts';
import { reportTrust } from '../support/trust_report.ts';

const rounds = [0, 1, 2, 3, 4];
/** They mostly wait. */
const atOnce = 10;

describe.skipIf(!need('rig')).concurrent('five sound releases in a row are not rolled back', () => {
  let bed: Bed;
  useCluster((started) => {
    bed = started;
  });
  const run = limited(atOnce);
  const ends: { seconds: number; failure?: string }[] = [];

  afterAll(() => {
    if (ends.length < slowReleases.length * rounds.length) return;
    const failed = ends.filter(({ failure }) => failure !== undefined);
    const longest = Math.max(...ends.map(({ seconds }) => seconds));
    reportTrust('Rollouts', {
      attempt: `${ends.length} sound releases under ${slowReleases.length} kinds of slowness at their real pace`,
      figure: `${failed.length} of ${ends.length} rolled back; the slowest took ${longest.toFixed(0)} s`,
      holds: failed.length === 0,
    });
  });

  test.each(slowReleases.map((way) => [way.title, way] as const))('with %s', { timeout: 7_200_000 }, async (_, way) => {
    const own = limited(way.isOneByOne ? 1 : rounds.length);
    const tries = await Promise.all(rounds.map((round) => own(() => run(() => attempt(way, round)))));
    ends.push(...tries);
    expect(tries.flatMap(({ failure }) => failure ?? [])).toEqual([]);
  });

  async function attempt(way: SlowRelease, round: number): Promise<{ seconds: number; failure?: string }> {
    const { outcome, lines, image, namespace } = await releaseSlowly(bed, way, round, 1);
    const { state, seconds } = outcome;
    process.stderr.write(`${way.title}, ${round + 1}: ${state} after ${seconds.toFixed(0)} s\n`);
    const serves = imagesOf(await look(bed.kubeConfig, namespace));
    if (state === 'deployed' && serves.join() === image) return { seconds };
    return { seconds, failure: `${way.title}, ${round + 1}: ${lines.join('\n')}\n${describeOutcome(outcome)}` };
  }
});
