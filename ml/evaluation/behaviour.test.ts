import { describe, expect, it } from 'vitest';
import { type BehaviourCases, runBehaviourTests } from './behaviour.ts';
import { directionCases, invarianceCases, minimumFunctionalityCases } from './behaviour_cases.ts';
import { toyModel } from './testdata/toy_model.ts';

const none = { minimumFunctionality: [], invariance: [], direction: [] };
const goodOrBad = toyModel((text) => (text.includes('good') ? 0.9 : 0.2));

describe('a minimum functionality case', () => {
  const cases = {
    ...none,
    minimumFunctionality: [{ name: 'negated praise', text: 'Not good.', expected: 'negative' as const }],
  };

  it('passes if the model predicts the expected class', () => {
    expect(
      runBehaviourTests(
        toyModel(() => 0.4),
        cases,
      ),
    ).toMatchObject({ passed: 1, total: 1, failures: [] });
  });

  it('fails if it predicts the other class, with the sentence and the probability', () => {
    expect(runBehaviourTests(goodOrBad, cases).failures).toEqual([
      {
        kind: 'minimum functionality',
        name: 'negated praise',
        text: 'Not good.',
        expected: 'negative',
        got: 'positive (0.90)',
      },
    ]);
  });
});

describe('an invariance case', () => {
  const cases = { ...none, invariance: [{ name: 'letter case', text: 'good', variant: 'GOOD' }] };
  const shift = (variant: number) => toyModel((text) => (text === 'GOOD' ? variant : 0.55));

  it('passes if the probability moves by less than 0.1 within the class', () => {
    expect(runBehaviourTests(shift(0.64), cases).passed).toBe(1);
  });

  it('fails if it moves by more', () => {
    expect(runBehaviourTests(shift(0.66), cases).failures).toEqual([
      {
        kind: 'invariance',
        name: 'letter case',
        text: 'GOOD',
        expected: 'positive (0.55) as for "good", within 0.1',
        got: 'positive (0.66)',
      },
    ]);
  });

  it('fails if the class changes, however small the step', () => {
    expect(runBehaviourTests(shift(0.49), cases).passed).toBe(0);
  });
});

describe('a direction case', () => {
  const up = { name: 'praise added', text: 'A film.', addition: 'It is good.', direction: 'up' as const };
  const down = { ...up, name: 'blame added', direction: 'down' as const };
  const add = (after: number) => toyModel((text) => (text === 'A film. It is good.' ? after : 0.5));

  it('passes if the probability moves any distance the right way, or at most 0.05 the wrong way', () => {
    for (const after of [0.99, 0.5, 0.46]) {
      expect(runBehaviourTests(add(after), { ...none, direction: [up] }).passed, `${after}`).toBe(1);
    }
    for (const after of [0.01, 0.5, 0.54]) {
      expect(runBehaviourTests(add(after), { ...none, direction: [down] }).passed, `${after}`).toBe(1);
    }
  });

  it('fails if praise lowers it', () => {
    expect(runBehaviourTests(add(0.4), { ...none, direction: [up] }).failures).toEqual([
      {
        kind: 'direction',
        name: 'praise added',
        text: 'A film. It is good.',
        expected: 'not lower than 0.50 for "A film.", within 0.05',
        got: 'negative (0.40)',
      },
    ]);
  });

  it('fails if blame raises it', () => {
    expect(runBehaviourTests(add(0.6), { ...none, direction: [down] }).failures[0]).toMatchObject({
      expected: 'not higher than 0.50 for "A film.", within 0.05',
      got: 'positive (0.60)',
    });
  });
});

describe('the report', () => {
  const report = runBehaviourTests(goodOrBad);

  it('adds up, by kind and by name', () => {
    for (const tallies of [Object.values(report.byKind), Object.values(report.byName)]) {
      expect(tallies.reduce((sum, tally) => sum + tally.total, 0)).toBe(report.total);
      expect(tallies.reduce((sum, tally) => sum + tally.passed, 0)).toBe(report.passed);
    }
    expect(report.failures).toHaveLength(report.total - report.passed);
  });

  it('catches a model that knows one word', () => {
    expect(report.byName['negated praise'].passed).toBeLessThan(report.byName['negated praise'].total);
    expect(report.byName.praise.passed).toBeLessThan(report.byName.praise.total);
  });
});

describe('the cases', () => {
  it('each catch the model that answers them wrongly', () => {
    const opposite = new Map(
      minimumFunctionalityCases.map(({ text, expected }) => [text, expected === 'positive' ? 0.1 : 0.9]),
    );
    const variants = new Set(invarianceCases.map(({ variant }) => variant));
    const wrongWay = new Map(
      directionCases.map(({ text, addition, direction }) => [`${text} ${addition}`, direction === 'up' ? 0.1 : 0.9]),
    );
    const wrong: [Partial<BehaviourCases>, (text: string) => number][] = [
      [{ minimumFunctionality: minimumFunctionalityCases }, (text) => opposite.get(text) ?? 0.5],
      [{ invariance: invarianceCases }, (text) => (variants.has(text) ? 0.9 : 0.1)],
      [{ direction: directionCases }, (text) => wrongWay.get(text) ?? 0.5],
    ];
    for (const [cases, probabilityOf] of wrong) {
      expect(runBehaviourTests(toyModel(probabilityOf), { ...none, ...cases }).passed).toBe(0);
    }
  });

  it('ask as often for positive as for negative', () => {
    const positive = minimumFunctionalityCases.filter((one) => one.expected === 'positive').length;
    expect(positive * 2).toBe(minimumFunctionalityCases.length);
    expect(directionCases.filter((one) => one.direction === 'up').length * 2).toBe(directionCases.length);
  });

  it('have no duplicates', () => {
    const texts = minimumFunctionalityCases.map((one) => one.text);
    const pairs = [
      ...invarianceCases.map((one) => `${one.text} | ${one.variant}`),
      ...directionCases.map((one) => `${one.text} ${one.addition}`),
    ];
    expect(new Set(texts).size).toBe(texts.length);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it('differ from their variant in every invariance case', () => {
    for (const one of invarianceCases) expect(one.variant).not.toBe(one.text);
  });
});
