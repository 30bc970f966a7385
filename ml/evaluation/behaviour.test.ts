import { describe, expect, it } from 'vitest';
import { describeBehaviour, domainsOf, readBehaviourFiles, runBehaviourTests } from './behaviour.ts';
import type { BehaviourCase, BehaviourFile } from './behaviour_file.ts';
import { toyModel } from './testdata/toy_model.ts';

const fileOf = (cases: BehaviourCase[], rest: Partial<BehaviourFile> = {}): BehaviourFile => ({
  path: 'behaviour/toy.yaml',
  domain: undefined,
  decides: 'always',
  cases,
  groups: [],
  ...rest,
});
const run = (probabilityOf: (text: string) => number, one: BehaviourCase) =>
  runBehaviourTests(toyModel(probabilityOf), [fileOf([one])], []).files[0];

const goodOrBad = (text: string) => (text.includes('good') ? 0.9 : 0.2);

describe('a minimum functionality case', () => {
  const notGood: BehaviourCase = {
    kind: 'minimum functionality',
    name: 'negated praise',
    severity: 'normal',
    text: 'Not good.',
    expect: 'negative',
  };

  it('passes if the model predicts the expected class', () => {
    expect(run(() => 0.4, notGood)).toMatchObject({ passed: 1, total: 1, failures: [] });
  });

  it('fails if it predicts the other class, with the sentence and its probability', () => {
    expect(run(goodOrBad, notGood).failures).toEqual([
      {
        kind: 'minimum functionality',
        name: 'negated praise',
        severity: 'normal',
        text: 'Not good.',
        expected: 'negative',
        got: 'positive (0.90)',
      },
    ]);
  });
});

describe('an invariance case', () => {
  const letterCase: BehaviourCase = {
    kind: 'invariance',
    name: 'letter case',
    severity: 'critical',
    text: 'good',
    variant: 'GOOD',
    within: 0.1,
  };
  const shift = (variant: number) => (text: string) => (text === 'GOOD' ? variant : 0.55);

  it('passes if the probability moves by less than it may within the class', () => {
    expect(run(shift(0.64), letterCase).passed).toBe(1);
  });

  it('fails if it moves by more', () => {
    expect(run(shift(0.66), letterCase).failures).toEqual([
      {
        kind: 'invariance',
        name: 'letter case',
        severity: 'critical',
        text: 'GOOD',
        expected: 'positive (0.55) as for "good", within 0.1',
        got: 'positive (0.66)',
      },
    ]);
  });

  it('fails if the class changes, however small the step', () => {
    expect(run(shift(0.49), letterCase).passed).toBe(0);
  });
});

describe('a direction case', () => {
  const raises = (name: string): BehaviourCase => ({
    kind: 'direction',
    name: 'added',
    severity: 'normal',
    text: 'A film.',
    variant: 'A film. It is good.',
    raises: name,
    within: 0.05,
  });
  const add = (after: number) => (text: string) => (text === 'A film. It is good.' ? after : 0.5);

  it('passes if the probability of the class rises, or falls at most as far as it may', () => {
    for (const after of [0.99, 0.5, 0.46]) expect(run(add(after), raises('positive')).passed, `${after}`).toBe(1);
    for (const after of [0.01, 0.5, 0.54]) expect(run(add(after), raises('negative')).passed, `${after}`).toBe(1);
  });

  it('fails if it falls further', () => {
    expect(run(add(0.4), raises('positive')).failures[0]).toMatchObject({
      text: 'A film. It is good.',
      expected: 'not lower than positive 0.50 for "A film.", within 0.05',
      got: 'positive 0.40',
    });
    expect(run(add(0.6), raises('negative')).failures[0]).toMatchObject({
      expected: 'not lower than negative 0.50 for "A film.", within 0.05',
      got: 'negative 0.40',
    });
  });
});

describe('the report', () => {
  const films = { domain: 'movies', decides: 'in its domain' } as const;
  const cases: BehaviourCase[] = ['good', 'bad', 'not good'].map((text) => ({
    kind: 'minimum functionality',
    name: text.startsWith('not') ? 'negation' : 'word',
    severity: 'normal',
    text,
    expect: text === 'good' ? 'positive' : 'negative',
  }));

  it('counts by kind and by name', () => {
    const { byKind, byName } = runBehaviourTests(toyModel(goodOrBad), [fileOf(cases)], []).files[0];
    expect(byKind).toEqual({ 'minimum functionality': { passed: 2, total: 3 } });
    expect(byName).toEqual({ word: { passed: 2, total: 2 }, negation: { passed: 0, total: 1 } });
  });

  it.each([
    ['always', {}, [], true],
    ['always, of another domain', { domain: 'movies' }, ['tweets'], true],
    ['in its domain', films, ['tweets', 'movies'], true],
    ['not of the data, in its domain', films, ['tweets'], false],
    ['of data without a domain, in its domain', films, [], false],
    ['never', { decides: 'never' }, ['movies'], false],
  ] as const)('of a file that decides %s', (_name, header, domains, decides) => {
    const report = runBehaviourTests(toyModel(goodOrBad), [fileOf(cases, header)], domains);
    expect(report.files[0]).toMatchObject({ decides, passed: 2, total: 3 });
    expect(report).toMatchObject(decides ? { passed: 2, total: 3 } : { passed: 0, total: 0 });
  });

  it('of a file with groups alone decides, and has their spreads', () => {
    const groups = [{ name: 'names', templates: ['{} is good.', '{} came.'], words: ['Ann', 'Bo'] }];
    const report = runBehaviourTests(toyModel(goodOrBad), [fileOf([], { groups })], []);
    expect(report.files[0]).toMatchObject({ decides: true, total: 0, spreads: [{ group: 'names', spread: 0 }] });
  });

  it('is told in lines, critical failures first, and says how many it leaves out', () => {
    const severe = cases.map((one) => ({ ...one, expect: 'positive', severity: 'normal' as const }));
    const [file] = runBehaviourTests(
      toyModel(() => 0.2),
      [fileOf([...severe, { ...severe[2], text: 'fine', severity: 'critical' }], { decides: 'never' })],
      [],
    ).files;
    expect(describeBehaviour(file, 2)).toEqual([
      'behaviour/toy.yaml: 0 of 4 behaviour tests pass (advisory)',
      '  critical, negation: "fine" expected positive, got negative (0.80)',
      '  word: "good" expected positive, got negative (0.80)',
      '  and 2 more',
    ]);
    expect(describeBehaviour(file, 0)).toHaveLength(1);
  });
});

it('the domain of an embedded corpus is its name; a table has none', () => {
  expect(domainsOf({ source: 'embedded:movies' })).toEqual(['movies']);
  expect(domainsOf({ source: 'reviews.csv' })).toEqual([]);
});

describe.each(['behaviour/general.yaml', 'behaviour/films.yaml'])('%s', (path) => {
  const [file] = readBehaviourFiles([path], ['negative', 'positive']);
  const textOf = (one: BehaviourCase) => ('variant' in one ? one.variant : one.text);

  it('fails on every sentence for a model that answers all of them wrongly', () => {
    const wrong = new Map(
      file.cases.map((one) => {
        const right = one.kind === 'direction' ? one.raises : one.kind === 'invariance' ? 'negative' : one.expect;
        return [textOf(one), right === 'positive' ? 0.1 : 0.9];
      }),
    );
    const isVariant = new Set(file.cases.map(textOf));
    for (const one of file.cases) {
      const probabilityOf = (text: string) =>
        isVariant.has(text) && text === textOf(one)
          ? (wrong.get(text) as number)
          : one.kind === 'invariance'
            ? 0.1
            : 0.5;
      expect(run(probabilityOf, one).passed, textOf(one)).toBe(0);
    }
  });

  it('asks as often for positive as for negative', () => {
    for (const name of ['expect', 'raises'] as const) {
      const asked = file.cases.flatMap((one) => (name in one ? [(one as Record<string, unknown>)[name]] : []));
      expect(asked.filter((each) => each === 'positive').length * 2, name).toBe(asked.length);
    }
  });

  it('asks nothing twice', () => {
    const asked = file.cases.map((one) => JSON.stringify([one.kind, one.text, textOf(one)]));
    expect(new Set(asked).size).toBe(asked.length);
    for (const one of file.cases) if ('variant' in one) expect(one.variant).not.toBe(one.text);
  });
});
