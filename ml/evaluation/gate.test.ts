import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Champion } from './comparison.ts';
import { type BehaviourOutcome, type GateInput, judge } from './gate.ts';
import type { Scored } from './scored.ts';

const params = {
  significance: 0.05,
  min_unseen: 200,
  folds: 5,
  cross_validation_texts: 1000,
  better_than_larger_class: true,
  min_accuracy: 0,
  min_roc_auc: 0.5,
  max_calibration_error: 0.05,
  min_behaviour_pass: 0.9,
  max_spread_growth: 0.1,
  spread_noise: 0.1,
};

/** Alternating classes, all given .9 or .1; `wrong` names the texts on the wrong side. */
function scored(wrong: readonly number[], count = 200): Scored {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const isWrong = new Set(wrong);
  return {
    labels,
    probabilities: Float64Array.from(labels, (label, i) => ((label === 1) === isWrong.has(i) ? 0.1 : 0.9)),
  };
}

const contender = (version: string, wrong: readonly number[], count = 200) => ({
  version,
  contentDigest: `content-${version}`,
  scored: scored(wrong, count),
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** Twenty wrong of 200 at 90 % confidence: perfectly calibrated. */
const good = range(0, 20);

/** The champion gets these of the challenger's texts wrong, none of which it knows. */
function champion(ours: readonly number[], theirs: readonly number[], changes: Partial<Champion> = {}): Champion {
  return {
    version: '1',
    contentDigest: 'content-1',
    recorded: { share: 0.9, count: 400 },
    known: 0,
    isOfSameTexts: false,
    comparison: { pair: { challenger: scored(ours), champion: scored(theirs) } },
    behaviour: { won: 0, lost: 0 },
    ...changes,
  };
}

/** Of 20 tests. */
function behaviour(passed: number, changes: Partial<BehaviourOutcome> = {}): BehaviourOutcome {
  const failures = Array.from({ length: 20 - passed }, () => ({ severity: 'normal' as const }));
  return { file: 'behaviour/own.yaml', decides: true, passed, total: 20, failures, ...changes };
}

function input(changes: Partial<GateInput> = {}): GateInput {
  return {
    challenger: contender('2', good),
    champion: undefined,
    crossValidated: undefined,
    behaviour: [behaviour(19)],
    fairness: [],
    calibrationBins: 10,
    params,
    ...changes,
  };
}

const duel = (ours: readonly number[], theirs: readonly number[], changes: Partial<Champion> = {}) =>
  judge(input({ challenger: contender('2', ours), champion: champion(ours, theirs, changes) }));

describe('the first model', () => {
  test('passes if it misses no floor', () => {
    const verdict = judge(input());
    expect(verdict.decision).toBe('promote');
    expect(verdict.checks.map((check) => check.text)).toEqual([
      'accuracy 0.9000 (95 % interval 0.8498 to 0.9378) on 200 held-out texts is better than always naming the larger class (0.5000)',
      expect.stringMatching(/^ROC-AUC 0\.9000 \(95 % interval 0\.8\d{3} to 0\.9\d{3}\) is at least min_roc_auc 0\.5$/),
      expect.stringMatching(
        /^calibration error 0\.0000 on 200 held-out texts is within max_calibration_error 0\.05 plus the 0\.0\d{3} that chance explains$/,
      ),
      'behaviour/own.yaml: 19 of 20 tests pass, a share of 0.9500 is at least 0.9',
    ]);
    expect(verdict.reason).toBe(verdict.checks.map((check) => check.text).join('; '));
  });

  test.each([
    [
      'accuracy',
      { min_accuracy: 0.95 },
      /^accuracy 0.9000 \(95 % interval 0.8498 to 0.9378\) is significantly below min_accuracy 0.95$/,
    ],
    ['ROC-AUC', { min_roc_auc: 0.97 }, /^ROC-AUC 0.9000 .* is significantly below min_roc_auc 0.97$/],
    [
      'behaviour',
      { min_behaviour_pass: 1 },
      /^behaviour\/own.yaml: 19 of 20 tests pass, a share of 0.9500 is below 1: so few/,
    ],
  ])('is refused where the whole interval lies below the floor of %s', (_name, changes, reason) => {
    expect(judge(input({ params: { ...params, ...changes } }))).toMatchObject({
      decision: 'refuse',
      reason: expect.stringMatching(reason),
    });
  });

  test('passes where the interval reaches the floor', () => {
    const { decision, checks } = judge(input({ params: { ...params, min_accuracy: 0.93, min_roc_auc: 0.92 } }));
    expect(decision).toBe('promote');
    expect(checks[1].text).toContain('is not significantly below min_accuracy 0.93');
  });

  test('must be significantly better than always naming the larger class', () => {
    // 113 of 200 right against 100: it wins 56 and loses 43 of the negative ones, which chance explains once in nine.
    expect(judge(input({ challenger: contender('1', range(0, 87)) }))).toMatchObject({
      decision: 'refuse',
      reason: expect.stringMatching(
        /^accuracy 0.5650 .* is not significantly better than always naming the larger class \(0.5000\)/,
      ),
    });
    const turnedOff = { ...params, better_than_larger_class: false, max_calibration_error: 1 };
    expect(judge(input({ challenger: contender('1', range(0, 87)), params: turnedOff })).decision).toBe('promote');
  });

  test('may show as much calibration error as chance explains beside the limit, more for few texts', () => {
    // Both have 80 % right at a confidence of 90 %: an error of 0.1.
    const decide = (count: number) =>
      judge(input({ challenger: contender('1', range(0, count / 5), count), params: { ...params, min_unseen: 1 } }));
    expect(decide(40).decision).toBe('promote');
    expect(decide(1000)).toMatchObject({
      decision: 'refuse',
      reason: expect.stringMatching(
        /^calibration error 0.1000 on 1,000 held-out texts is above max_calibration_error 0.05/,
      ),
    });
  });

  test('of few held-out texts is measured on all texts, cross-validated', () => {
    const few = contender('1', range(0, 30), 80);
    const verdict = judge(
      input({ challenger: few, crossValidated: { challenger: scored(range(0, 60), 400), champion: undefined } }),
    );
    expect(verdict.checks[0].text).toMatch(/^accuracy 0.8500 .* cross-validated on all 400 texts is better/);
    expect(verdict.figures).toMatchObject({ texts: 80, measured_on: 400, accuracy: 0.85 });
  });
});

describe('behaviour tests', () => {
  const decide = (...files: BehaviourOutcome[]) => judge(input({ behaviour: files }));

  test('refuse only if chance hardly explains how few pass', () => {
    // Binomial, 20 tests at .9: 15 or fewer pass with probability 0.043, 16 or fewer with 0.133.
    expect(decide(behaviour(16)).decision).toBe('promote');
    expect(decide(behaviour(16)).reason).toContain('so few have a probability of 0.133 by chance, not below 0.05');
    expect(decide(behaviour(15))).toMatchObject({
      decision: 'refuse',
      reason:
        'behaviour/own.yaml: 15 of 20 tests pass, a share of 0.7500 is below 0.9: so few have a probability of 0.043 by chance, below 0.05',
    });
  });

  test('refuse if one critical test fails', () => {
    expect(decide(behaviour(19, { failures: [{ severity: 'critical' }] }))).toMatchObject({
      decision: 'refuse',
      reason: 'behaviour/own.yaml: critical tests that fail: 1',
    });
  });

  test('of an advisory file never refuse', () => {
    const advisory = behaviour(0, { decides: false, failures: [{ severity: 'critical' }] });
    expect(decide(behaviour(19), advisory)).toMatchObject({
      decision: 'promote',
      figures: { behaviour_passed: 19, behaviour_total: 20 },
    });
  });

  test('of a file with fairness groups alone are no condition', () => {
    const { checks } = decide(behaviour(19), behaviour(0, { total: 0, failures: [] }));
    expect(checks.filter(({ text }) => text.includes('tests pass'))).toHaveLength(1);
  });

  test('are judged file by file', () => {
    expect(decide(behaviour(20, { passed: 2000, total: 2000 }), behaviour(2)).decision).toBe('refuse');
  });
});

describe('a challenger', () => {
  test('that differs from the champion, but is as good, is promoted', () => {
    const verdict = duel(
      good,
      good.map((i) => 199 - i),
    );
    expect(verdict).toMatchObject({
      decision: 'promote',
      figures: { only_challenger_right: 20, only_champion_right: 20, unseen: 200, unseen_accuracy: 0.9 },
    });
    expect(verdict.figures).toMatchObject({
      champion_accuracy: 0.9,
      champion_recorded_accuracy: 0.9,
      known_to_champion: 0,
    });
  });

  test('that is significantly worse is refused, with the numbers', () => {
    // It loses 8 texts and wins none: (1/2)^8.
    const verdict = duel(range(0, 23), range(0, 15));
    expect(verdict.decision).toBe('refuse');
    expect(verdict.figures.loss_probability).toBeCloseTo(1 / 256, 12);
    expect(verdict.reason).toBe(
      'on 200 texts that neither was trained on, accuracy is 0.8850 against 0.9250 of version 1 (0.9000 on the 400 held-out ' +
        'texts of its own): it wins 0 texts and loses 8, which chance explains with a probability of 0.004',
    );
  });

  test('that is not significantly worse is promoted', () => {
    // Four lost and none won: (1/2)^4 is not below .05.
    const verdict = duel(range(0, 20), range(0, 16));
    expect(verdict.decision).toBe('promote');
    expect(verdict.figures.loss_probability).toBeCloseTo(1 / 16, 12);
  });

  test('is promoted on texts of another kind only if it is significantly better there', () => {
    // The champion has 55 % right, of its own texts it had 90 %.
    const lenient = { ...params, max_calibration_error: 1 };
    const decide = (ours: readonly number[]) =>
      judge(input({ challenger: contender('2', ours), champion: champion(ours, range(0, 90)), params: lenient }));
    expect(decide(range(0, 60))).toMatchObject({ decision: 'promote', figures: { loss_probability: 1 } });
    expect(decide(range(0, 87))).toMatchObject({
      decision: 'refuse',
      reason: expect.stringContaining('version 2 is not significantly better on them'),
    });
  });

  test('whose fairness spreads have grown is refused', () => {
    const fairness = [
      { passed: true, text: 'nations: fine' },
      { passed: false, text: 'faiths: grown' },
    ];
    const verdict = judge(input({ champion: champion(good, good), fairness }));
    expect(verdict).toMatchObject({ decision: 'refuse', reason: 'faiths: grown' });
    expect(verdict.checks).toContainEqual(fairness[0]);
  });

  test('that loses many behaviour tests which the champion passes is refused', () => {
    expect(duel(good, good, { behaviour: { won: 0, lost: 6 } }).decision).toBe('promote');
    expect(duel(good, good, { behaviour: { won: 0, lost: 7 } })).toMatchObject({
      decision: 'refuse',
      reason:
        'of the behaviour tests it passes 0 that version 1 fails and fails 7 that version 1 passes, a loss that chance ' +
        'explains with a probability of 0.008',
    });
  });

  test('that is the champion under another number needs no decision', () => {
    expect(duel(good, good, { version: '1', contentDigest: 'content-2' })).toEqual({
      decision: 'unchanged',
      checks: [],
      reason: 'version 2 is the same model as version 1, the champion',
      figures: {},
    });
  });
});

describe('a challenger that cannot be compared', () => {
  const why = 'only 12 held-out texts are unknown to both models, fewer than min_unseen 200';
  const meet = (ours: number[], theirs: number[] | undefined, isOfSameTexts = false, wrong = good) =>
    judge(
      input({
        challenger: contender('2', wrong),
        champion: champion(good, good, { comparison: { why }, isOfSameTexts }),
        crossValidated: { challenger: scored(ours, 1000), champion: theirs && scored(theirs, 1000) },
      }),
    );

  test('is judged by its settings, cross-validated on the same folds', () => {
    const verdict = meet(range(0, 100), range(0, 103));
    expect(verdict).toMatchObject({ decision: 'promote', figures: { cv_texts: 1000, cv_champion_accuracy: 0.897 } });
    expect(verdict.checks.at(-1)?.text).toBe(
      `cannot be compared with version 1, because ${why}; cross-validated on 1,000 texts, accuracy with its settings is 0.9000 ` +
        'against 0.8970 with those of version 1: it wins 3 texts and loses 0',
    );
    expect(meet(range(0, 110), range(0, 100)).decision).toBe('refuse');
  });

  test('and has the settings of the champion is judged by floors and behaviour', () => {
    const verdict = meet(range(0, 100), undefined);
    expect(verdict.decision).toBe('promote');
    expect(verdict.reason).toContain(`because ${why}; floors and behaviour tests decide`);
  });

  test('must reach what the champion reached on other texts of the same source', () => {
    const worse = range(0, 50);
    expect(meet(range(0, 100), undefined, true, good).decision).toBe('promote');
    expect(meet(range(0, 100), undefined, true, worse)).toMatchObject({
      decision: 'refuse',
      reason: expect.stringContaining('is far below the 0.9000 that version 1 reached on 400 other texts'),
    });
    expect(meet(range(0, 100), undefined, false, worse).reason).not.toContain('far below');
  });
});

test('a challenger never loses by getting more texts right', () => {
  const texts = fc.uniqueArray(fc.nat(199), { maxLength: 60 });
  const lenient = { ...params, min_roc_auc: 0, max_calibration_error: 1 };
  fc.assert(
    fc.property(texts, texts, fc.nat(60), (wrong, championWrong, kept) => {
      const decide = (some: number[]) =>
        judge(input({ challenger: contender('2', some), champion: champion(some, championWrong), params: lenient }))
          .decision;
      if (decide(wrong) === 'promote') expect(decide(wrong.slice(0, kept))).toBe('promote');
    }),
    { numRuns: 30 },
  );
});
