/**
 * Revisions that every probe calls healthy, at 50 requests a second: sick ones are found within three minutes and taken back, by
 * the bake alone and with one pod first; sound ones never are, in forty tries. BAKE_PICTURE=docs/pictures/bake.svg draws the
 * first of these from its own record.
 */
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { deploy } from '../../ci/src/deploy/deploy.ts';
import { describeOutcome } from '../../ci/src/deploy/report.ts';
import { type Entry, timelineOf } from '../../ci/src/deploy/timeline.ts';
import { sickness, useLoad } from '../support/baking.ts';
import { apiOf } from '../support/cluster/api.ts';
import { whileBaking } from '../support/diagnosis_scenarios/pods.ts';
import { limited } from '../support/limited.ts';
import { objectsIn } from '../support/namespace_objects.ts';
import { need } from '../support/need.ts';
import { reportTrust } from '../support/trust_report.ts';

const perSecond = 50;
const limitSeconds = 180;
/** Each has its load, and two cores carry so many. */
const atOnce = 2;
const sound = { namespaces: 4, each: 10, seconds: 30 };
const timeout = 7_200_000;

/** Connections that are kept stay where they are, so the first pod of a new revision sees only new ones. */
const ways = {
  'a bake': { options: { bakeSeconds: limitSeconds }, connections: { kept: 4, fresh: 2 } },
  'one pod first': { options: { canarySeconds: limitSeconds }, connections: { kept: 0, fresh: 6 } },
};

describe.skipIf(!need('cluster')).concurrent('at 50 requests a second', () => {
  const { bed, release, begin } = useLoad(perSecond);
  const run = limited(atOnce);
  const returns: boolean[] = [];

  afterAll(() => {
    if (returns.length === 0) return;
    const equal = returns.filter((isEqual) => isEqual).length;
    reportTrust('Rollouts', {
      attempt: 'all objects before and after each of these returns, field by field',
      figure: `${equal} of ${returns.length} equal`,
      holds: equal === returns.length,
    });
  });

  const cases = Object.entries(ways).flatMap(([way, rest]) =>
    whileBaking.map(({ title, says }) => ({ way, ...rest, title, says })),
  );
  test.each(cases)(
    'a revision with $title is found by $way',
    { timeout },
    ({ way, options, connections, title, says }) =>
      run(async () => {
        const { namespace, load } = await begin(1, connections);
        const api = apiOf(bed().cluster.kubeconfig);
        const before = await objectsIn(api, namespace);
        const record: Entry[] = [];
        const begun = Date.now();
        const note = (entry: Omit<Entry, 'seconds'>) => record.push({ seconds: (Date.now() - begun) / 1000, ...entry });
        const outcome = await deploy({
          ...release(namespace, sickness[title]),
          ...options,
          onProgress: (line) => note({ line }),
          onLook: (comparisons) => note({ comparisons }),
        });
        const rate = (await load.stop()).perSecond.toFixed(0);
        const isReturned = outcome.state === 'rolled back';
        const seconds = isReturned ? outcome.secondsToVerdict : Number.POSITIVE_INFINITY;
        const figure = isReturned
          ? `${seconds.toFixed(0)} s of ${limitSeconds} after the apply, at ${rate} requests a second: ${outcome.verdict.headline.replace(/^.*: (?=\S+.*: )/, '')}`
          : outcome.state;
        const attempt = `a revision with ${title} against ${way}, ${perSecond} requests a second wanted`;
        reportTrust('Rollouts', { attempt, figure, holds: seconds <= limitSeconds });
        process.stderr.write(`${attempt}: ${figure}\n`);
        const picture = process.env.BAKE_PICTURE;
        if (picture && way === 'a bake' && title.startsWith('errors'))
          writeFileSync(
            picture,
            timelineOf(record, `A revision with ${title} bakes at ${perSecond} requests a second`),
          );
        if (!isReturned) throw new Error(describeOutcome(outcome));
        const after = await objectsIn(api, namespace);
        returns.push(JSON.stringify(after) === JSON.stringify(before) && outcome.returned.left.length === 0);
        expect(outcome.verdict.headline).toMatch(says);
        expect(seconds).toBeLessThanOrEqual(limitSeconds);
        expect({ after, left: outcome.returned.left }).toEqual({ after: before, left: [] });
      }),
  );

  test('sound revisions are never taken back, forty of forty', { timeout }, async () => {
    const outcomes = await Promise.all(
      Array.from({ length: sound.namespaces }, () =>
        run(async () => {
          const { namespace, load } = await begin();
          const ends: string[] = [];
          for (let round = 1; round <= sound.each; round++) {
            const options = { ...release(namespace, { ROUND: String(round) }), bakeSeconds: sound.seconds };
            const outcome = await deploy(options);
            if (outcome.state !== 'deployed') process.stderr.write(`${describeOutcome(outcome)}\n`);
            ends.push(outcome.state);
          }
          await load.stop();
          return ends;
        }),
      ),
    );
    const all = outcomes.flat();
    const returned = all.filter((state) => state !== 'deployed');
    reportTrust('Rollouts', {
      attempt: `sound revisions that bake for ${sound.seconds} s at ${perSecond} requests a second`,
      figure: `${returned.length} of ${all.length} taken back`,
      holds: returned.length === 0,
    });
    expect(returned).toEqual([]);
  });
});
