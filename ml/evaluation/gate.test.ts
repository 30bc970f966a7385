import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BehaviourOutcome, type Contender, type GateInput, judge } from './gate.ts';

const params = {
  significance: 0.05,
  max_calibration_error: 0.03,
  min_accuracy: 0.75,
  min_roc_auc: 0.8,
  min_behaviour_pass: 0.9,
};

/** 200 texts, alternating classes, all given .9 or .1; `wrong` names the texts on the wrong side. */
function contender(version: string, wrong: number[], changes: Partial<Contender> = {}): Contender {
  const labels = Uint8Array.from({ length: 200 }, (_, i) => i % 2);
  const isWrong = new Set(wrong);
  const probabilities = Float64Array.from(labels, (label, i) => ((label === 1) === isWrong.has(i) ? 0.1 : 0.9));
  return {
    version,
    contentDigest: `content-${version}`,
    dataDigest: 'data',
    scored: { labels, probabilities },
    ...changes,
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** Twenty wrong of 200 at 90 % confidence: perfectly calibrated. */
const good = range(0, 20);

/** Of 20 tests. */
function behaviour(passed: number, changes: Partial<BehaviourOutcome> = {}): BehaviourOutcome {
  const failures = Array.from({ length: 20 - passed }, () => ({ severity: 'normal' as const }));
  return { file: 'behaviour/own.yaml', decides: true, passed, total: 20, failures, ...changes };
}

function input(changes: Partial<GateInput> = {}): GateInput {
  return {
    challenger: contender('2', good),
    champion: contender(
      '1',
      good.map((i) => 199 - i),
    ),
    behaviour: [behaviour(19)],
    calibrationBins: 10,
    params,
    ...changes,
  };
}

describe('the first model', () => {
  test('passes if it meets every limit', () => {
    const verdict = judge(input({ champion: undefined }));
    expect(verdict).toMatchObject({ decision: 'promote', warnings: [] });
    expect(verdict.checks.map((check) => check.text)).toEqual([
      'accuracy 0.9000 is at least 0.75',
      'ROC-AUC 0.9000 is at least 0.8',
      'calibration error 0.0000 is at most 0.03',
      'behaviour/own.yaml: 19 of 20 tests pass, a share of 0.9500 is at least 0.9',
    ]);
    expect(verdict.reason).toBe(verdict.checks.map((check) => check.text).join('; '));
  });

  test.each([
    ['accuracy', { min_accuracy: 0.91 }, 'accuracy 0.9000 is below 0.91'],
    ['ROC-AUC', { min_roc_auc: 0.95 }, 'ROC-AUC 0.9000 is below 0.95'],
    [
      'behaviour',
      { min_behaviour_pass: 1 },
      'behaviour/own.yaml: 19 of 20 tests pass, a share of 0.9500 is below 1: so few have a probability of 0.0e+0 by chance, below 0.05',
    ],
  ])('is refused below the floor of %s', (_name, changes, reason) => {
    expect(judge(input({ champion: undefined, params: { ...params, ...changes } }))).toMatchObject({
      decision: 'refuse',
      reason,
    });
  });

  test('is refused if its probabilities are badly calibrated', () => {
    const challenger = contender('1', range(0, 40));
    expect(judge(input({ champion: undefined, challenger }))).toMatchObject({
      decision: 'refuse',
      reason: 'calibration error 0.1000 is above 0.03',
    });
  });

  test('is refused with a reason for every limit that it misses', () => {
    const { reason } = judge(
      input({ champion: undefined, challenger: contender('1', range(0, 80)), behaviour: [behaviour(0)] }),
    );
    expect(reason.split('; ')).toHaveLength(4);
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

  test('are judged file by file', () => {
    expect(decide(behaviour(20, { passed: 2000, total: 2000 }), behaviour(2)).decision).toBe('refuse');
  });
});

describe('a challenger', () => {
  test('that differs from the champion, but is as good, is promoted', () => {
    expect(judge(input())).toMatchObject({
      decision: 'promote',
      figures: {
        only_challenger_right: 20,
        only_champion_right: 20,
        accuracy: 0.9,
        champion_accuracy: 0.9,
        texts: 200,
      },
    });
  });

  test('that is significantly worse is refused, with the numbers', () => {
    // It loses 8 texts and wins none: (1/2)^8.
    const verdict = judge(input({ challenger: contender('3', range(0, 23)), champion: contender('2', range(0, 15)) }));
    expect(verdict.decision).toBe('refuse');
    expect(verdict.figures.loss_probability).toBeCloseTo(1 / 256, 12);
    expect(verdict.reason).toBe(
      'against version 2 (accuracy 0.9250) it wins 0 texts and loses 8: a loss at least this large has a ' +
        'probability of 0.004 by chance, below 0.05',
    );
  });

  test('that is not significantly worse is promoted', () => {
    // Four lost and none won: (1/2)^4 is not below .05.
    const verdict = judge(input({ challenger: contender('3', range(0, 20)), champion: contender('2', range(0, 16)) }));
    expect(verdict.decision).toBe('promote');
    expect(verdict.figures.loss_probability).toBeCloseTo(1 / 16, 12);
  });

  test('that is far better is promoted', () => {
    const verdict = judge(input({ challenger: contender('3', good), champion: contender('2', range(0, 90)) }));
    expect(verdict).toMatchObject({ decision: 'promote', figures: { loss_probability: 1 } });
  });

  test('that is the champion under another number needs no decision', () => {
    const champion = contender('4', good, { contentDigest: 'content-5' });
    expect(judge(input({ challenger: contender('5', good), champion }))).toEqual({
      decision: 'unchanged',
      checks: [],
      reason: 'version 5 is the same model as version 4, the champion',
      warnings: [],
      figures: {},
    });
  });

  test('compared with a champion of other training texts brings a warning', () => {
    const champion = contender('1', good, { dataDigest: 'e3b0c44298fc1c149afb' });
    expect(judge(input({ champion })).warnings).toEqual([
      'version 1 was trained on other texts (e3b0c44298fc, not data) and may have seen some of these: the comparison can favour it',
    ]);
  });
});

test('a challenger never loses by getting more texts right', () => {
  const texts = fc.uniqueArray(fc.nat(199), { maxLength: 60 });
  const lenient = { ...params, min_accuracy: 0, min_roc_auc: 0, max_calibration_error: 1 };
  fc.assert(
    fc.property(texts, texts, fc.nat(60), (wrong, championWrong, kept) => {
      const champion = contender('1', championWrong);
      const decide = (some: number[]) =>
        judge(input({ challenger: contender('2', some), champion, params: lenient })).decision;
      if (decide(wrong) === 'promote') expect(decide(wrong.slice(0, kept))).toBe('promote');
    }),
  );
});
