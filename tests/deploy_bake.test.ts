/**
 * Revisions that every probe calls healthy: a bake finds the sick ones by their figures and returns them, and lets a sound one be.
 */
import { describe, expect, test } from 'vitest';
import { deploy } from '../ci/src/deploy/deploy.ts';
import { describeOutcome } from '../ci/src/deploy/report.ts';
import { signals, useLoad } from './support/baking.ts';
import { imagesOf, look } from './support/deploy.ts';
import { need } from './support/need.ts';
import { startOneAlert } from './support/one_alert.ts';

/** tests/trust/bakes.test.ts tries more sick ones, and sound ones in a row. */
describe.skipIf(!need('cluster')).concurrent('a release that bakes', () => {
  const { bed, release, begin } = useLoad();

  test('with errors in a tenth of the answers is returned, with the figures as the reason', async () => {
    const { namespace } = await begin();
    const before = (await look(bed().kubeConfig, namespace)).deployment.spec?.template.spec;
    const looks: string[][] = [];
    const outcome = await deploy({
      ...release(namespace, { FAIL: '0.1' }),
      bakeSeconds: 180,
      onLook: (comparisons) => looks.push(comparisons.map(({ name }) => name)),
    });
    if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
    const headline = expect.stringMatching(/answers with 5xx: [\d.]+ % of \d+, before 0\.0 % of/);
    expect(outcome.verdict).toMatchObject({ cause: 'worse', headline });
    expect(looks.at(-1)).toEqual(['restarts', ...signals.signals.map(({ name }) => name)]);
    expect((await look(bed().kubeConfig, namespace)).deployment.spec?.template.spec).toEqual(before);
  });

  test.skipIf(!need('prometheus'))('goes back when an alert of the service begins to fire meanwhile', async () => {
    const prometheus = await startOneAlert();
    try {
      const namespace = await bed().makeNamespace();
      expect(await deploy(release(namespace, {}))).toMatchObject({ state: 'deployed' });
      let fired: Promise<void> | undefined;
      const outcome = await deploy({
        ...release(namespace, { ROUND: '1' }),
        bakeSeconds: 600,
        prometheus: prometheus.address,
        onLook: () => {
          fired ??= prometheus.fire();
        },
      });
      await fired;
      if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
      expect(outcome.verdict.headline).toMatch(/: alerts: Wanted \(page\) fires since \S+: as the test wants$/);
    } finally {
      await prometheus.stop();
    }
  });

  test('and starts with one pod shows a sick revision to one request in three at most, and takes it away', async () => {
    const { namespace } = await begin(2);
    const before = (await look(bed().kubeConfig, namespace)).deployment.spec;
    const lines: string[] = [];
    const onProgress = (line: string) => lines.push(line);
    const outcome = await deploy({
      ...release(namespace, { FAIL: '0.2' }, 2),
      canarySeconds: 120,
      onProgress,
    });
    if (outcome.state !== 'rolled back') throw new Error(describeOutcome(outcome));
    expect(outcome.verdict.headline).toMatch(/answers with 5xx: [\d.]+ % of \d+, before 0\.0 % of/);
    expect(lines).toContain('one pod of the new revision takes its share of the requests, the others wait');
    expect(
      lines
        .slice(
          0,
          lines.findIndex((line) => line.startsWith('rolling back')),
        )
        .join('\n'),
    ).not.toContain('2 of 2 updated');
    expect((await look(bed().kubeConfig, namespace)).deployment.spec).toEqual(before);
  });

  test('is asked a sample first, and is refused when too many of its answers differ, before any user meets it', async () => {
    const name = await bed().makeNamespace();
    expect(await deploy(release(name, {}))).toMatchObject({ state: 'deployed' });
    const before = await look(bed().kubeConfig, name);
    const sample = Array.from({ length: 60 }, (_, i) => ({ name: `text ${i}`, ask: { text: 'x'.repeat(i) } }));
    const refused = await deploy({ ...release(name, { SWAP: '1' }), sample, maxFlips: 0.1 });
    if (refused.state !== 'refused') throw new Error(describeOutcome(refused));
    expect(refused.error).toMatchObject({
      code: 'FLIPS',
      headline: expect.stringContaining(
        '60 of 60 answers differ (100.0 %) from those of the revision that serves, and 10 % may',
      ),
      evidence: expect.arrayContaining(['text 0: positive -> negative']),
    });
    const after = await look(bed().kubeConfig, name);
    expect(after.deployment.spec).toEqual(before.deployment.spec);
    expect(after.pods.map(({ metadata }) => metadata?.name)).toEqual(before.pods.map(({ metadata }) => metadata?.name));

    const despite = { FLIPS: 'the labels are meant to be swapped' };
    const passed = await deploy({ ...release(name, { SWAP: '1' }), sample, maxFlips: 0.1, despite });
    expect(passed, describeOutcome(passed)).toMatchObject({
      state: 'deployed',
      despite,
      shadow: { asked: 60, flipped: 60 },
    });
    expect(describeOutcome(passed)).toContain('\n  | text 0: positive -> negative');
    // Other pods would answer as these do.
    expect(await deploy({ ...release(name, { SWAP: '1' }), sample })).not.toHaveProperty('shadow');
    const env = { SWAP: '1', NODE_OPTIONS: '--no-such-option' };
    const broken = await deploy({ ...release(name, env), sample, patience: { 'crash-loop': 0 } });
    const why = 'the new image does not start as a shadow: it ends with exit code 9';
    expect(broken, describeOutcome(broken)).toMatchObject({ state: 'rolled back', shadow: { why } });
  });

  test('and is sound is left alone, and the report has the figures', async () => {
    const { namespace } = await begin();
    const outcome = await deploy({ ...release(namespace, { ROUND: '1' }), bakeSeconds: 20 });
    expect(outcome, describeOutcome(outcome)).toMatchObject({ state: 'deployed' });
    expect(describeOutcome(outcome)).toMatch(
      /watched for 2\d s and not contradicted \(restarts: 0, before 0; answers with 5xx: 0\.0 % of \d+/,
    );
    // Nothing of this service counts words, so nothing is claimed about them.
    expect(describeOutcome(outcome)).toContain(
      'unknown words: nothing yet, before nothing yet (too little traffic to tell)',
    );
    expect(imagesOf(await look(bed().kubeConfig, namespace))).toEqual([outcome.image]);
  });
});
