/** Eight kinds of slowness at their real pace, five sound releases of each: none may be rolled back. */
import { describe, expect, test } from 'vitest';
import { describeOutcome } from '../../ci/src/deploy/report.ts';
import { type Bed, imagesOf, look, useCluster } from '../support/deploy.ts';
import { limited } from '../support/limited.ts';
import { need } from '../support/need.ts';
import { releaseSlowly, type SlowRelease, slowReleases } from '../support/slow_releases.ts';
import { reportTrust } from '../support/trust_report.ts';

const rounds = [0, 1, 2, 3, 4];
/** They mostly wait. */
const atOnce = 10;

describe.skipIf(!need('rig'))('sound releases that are slow', () => {
  let bed: Bed;
  useCluster((started) => {
    bed = started;
  });

  test('are not rolled back, forty of forty', { timeout: 7_200_000 }, async () => {
    const run = limited(atOnce);
    const tries = slowReleases.map(async (way) => {
      if (!way.isOneByOne) return await Promise.all(rounds.map((round) => run(() => attempt(way, round))));
      const ends: Awaited<ReturnType<typeof attempt>>[] = [];
      for (const round of rounds) ends.push(await run(() => attempt(way, round)));
      return ends;
    });
    const ends = (await Promise.all(tries)).flat();
    const failed = ends.flatMap(({ failure }) => failure ?? []);
    const longest = Math.max(...ends.map(({ seconds }) => seconds));
    reportTrust('Rollouts', {
      attempt: `${ends.length} sound releases under ${slowReleases.length} kinds of slowness at their real pace`,
      figure: `${failed.length} of ${ends.length} rolled back; the slowest took ${longest.toFixed(0)} s`,
      holds: failed.length === 0,
    });
    expect(failed).toEqual([]);
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
