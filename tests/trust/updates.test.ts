/** Twenty updates in a row under load, watched at their end and begun with one pod in turn: no request may fail. */
import { describe, expect, test } from 'vitest';
import { deploy } from '../../ci/src/deploy/deploy.ts';
import { describeOutcome } from '../../ci/src/deploy/report.ts';
import { useLoad } from '../support/baking.ts';
import { need } from '../support/need.ts';
import { reportTrust } from '../support/trust_report.ts';

const rounds = 20;

describe.skipIf(!need('cluster'))('updates under load', () => {
  const { release, begin } = useLoad();

  test(`${rounds} in a row, with a bake and with one pod first in turn, lose no request`, {
    timeout: 7_200_000,
  }, async () => {
    const { namespace, load } = await begin(2);
    for (let round = 1; round <= rounds; round++) {
      const way = round % 2 === 0 ? { bakeSeconds: 10 } : { canarySeconds: 10 };
      const outcome = await deploy({ ...release(namespace, { ROUND: String(round) }, 2), ...way });
      expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
      process.stderr.write(`update ${round}: ${outcome.seconds.toFixed(0)} s\n`);
    }
    const { kept, fresh, failures } = await load.stop();
    reportTrust('Rollouts', {
      attempt: `${rounds} updates under load, with --bake and --canary in turn`,
      figure: `${failures.length} of ${kept + fresh} requests failed`,
      holds: failures.length === 0,
    });
    expect(failures).toEqual([]);
    // A load of few requests would prove nothing.
    expect(Math.min(kept, fresh)).toBeGreaterThan(2000);
  });
});
