import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SentimentError } from '../errors.ts';
import { readBehaviourFile } from './behaviour_file.ts';

const folder = mkdtempSync(join(tmpdir(), 'behaviour-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string, classes = ['negative', 'positive']) {
  const path = join(folder, 'own.yaml');
  writeFileSync(path, text);
  return readBehaviourFile(path, classes);
}

const header = 'tests:\n  - name: praise\n    kind: ';

describe('a file of behaviour tests', () => {
  it('decides always about any text, unless it says otherwise', () => {
    const text = `${header}minimum functionality\n    expect: positive\n    text: Works.\n`;
    expect(read(text)).toMatchObject({ domain: undefined, decides: 'always' });
    expect(read(`domain: hotels\ndecides: in its domain\n${text}`)).toMatchObject({
      domain: 'hotels',
      decides: 'in its domain',
    });
  });

  it('has a case for each text', () => {
    const { cases } = read(`${header}minimum functionality\n    expect: positive\n    texts: [Works., Fits.]\n`);
    const common = { kind: 'minimum functionality', name: 'praise', severity: 'normal', expect: 'positive' };
    expect(cases).toEqual([
      { ...common, text: 'Works.' },
      { ...common, text: 'Fits.' },
    ]);
  });

  it('has a case for each pair, with the distance that it allows or the default', () => {
    const own = read(`${header}invariance\n    severity: critical\n    within: 0.2\n    pair: [a, b]\n`);
    expect(own.cases).toEqual([
      { kind: 'invariance', name: 'praise', severity: 'critical', text: 'a', variant: 'b', within: 0.2 },
    ]);
    expect(read(`${header}invariance\n    pairs: [[a, b], [c, d]]\n`).cases).toMatchObject([
      { text: 'a', variant: 'b', within: 0.1 },
      { text: 'c', variant: 'd' },
    ]);
  });

  it('has a case for each text with each addition', () => {
    const { cases } = read(
      `${header}direction\n    raises: positive\n    texts: [It came., It is here.]\n    add: [Great!, Nice.]\n`,
    );
    expect(cases.map((one) => 'variant' in one && one.variant)).toEqual([
      'It came. Great!',
      'It came. Nice.',
      'It is here. Great!',
      'It is here. Nice.',
    ]);
    expect(cases[0]).toMatchObject({ text: 'It came.', raises: 'positive', within: 0.05 });
  });

  it('has a group for each set of templates', () => {
    const { cases, groups } = read(`${header}fairness\n    templates: ["{} came."]\n    words: [Ann, Bo]\n`);
    expect(cases).toEqual([]);
    expect(groups).toEqual([{ name: 'praise', templates: ['{} came.'], words: ['Ann', 'Bo'] }]);
  });

  it('may ask for any class of the model', () => {
    const text = `${header}minimum functionality\n    expect: neutral\n    text: It is Monday.\n`;
    expect(read(text, ['negative', 'neutral', 'positive']).cases[0]).toMatchObject({ expect: 'neutral' });
    expect(() => read(text)).toThrow(/own\.yaml:4: tests\.0\.expect: .*"negative"\|"positive".*\(got "neutral"\)/);
  });
});

describe('a mistake in a file is a usage error with its place', () => {
  it.each([
    [
      'an unknown key',
      'invariance\n    pairs: [[a, b]]\n    serverity: critical',
      /own\.yaml:5: tests\.0\.serverity: unknown setting/,
    ],
    ['a kind that there is not', 'minimal', /own\.yaml:3: tests\.0\.kind: .*\(got "minimal"\)/],
    ['a missing expectation', 'minimum functionality\n    text: a', /own\.yaml:2: tests\.0: .* needs expect/],
    [
      'text and texts',
      'minimum functionality\n    expect: positive\n    text: a\n    texts: [b]',
      /own\.yaml:2: .* exactly one of text, texts/,
    ],
    [
      'a key of another kind',
      'invariance\n    raises: positive\n    pair: [a, b]',
      /own\.yaml:4: tests\.0\.raises: does not go with kind: invariance/,
    ],
    [
      'a text without an addition',
      'direction\n    raises: positive\n    text: a',
      /own\.yaml:2: .* needs add if it has text/,
    ],
    [
      'a template without a place for the word',
      'fairness\n    templates: [He came.]\n    words: [Ann, Bo]',
      /own\.yaml:4: tests\.0\.templates\.0: needs \{\} once/,
    ],
    [
      'a severity where nothing can fail',
      'fairness\n    severity: critical\n    templates: ["{}"]\n    words: [Ann, Bo]',
      /own\.yaml:4: tests\.0\.severity: does not go with/,
    ],
    ['half a pair', 'invariance\n    pairs: [[a]]', /own\.yaml:4: tests\.0\.pairs\.0/],
    ['what is no YAML', 'invariance\n  pair: [a', /own\.yaml:\d+ is not valid YAML/],
  ])('%s', (_name, rest, message) => {
    expect(() => read(`${header}${rest}\n`)).toThrow(message);
    expect(() => read(`${header}${rest}\n`)).toThrow(
      expect.objectContaining({ code: 'BEHAVIOUR_INVALID', exitCode: 2 }),
    );
  });

  it('the next step lists the known keys', () => {
    const error = (() => {
      try {
        read(`${header}invariance\n    pair: [a, b]\n    note: x\n`);
      } catch (thrown) {
        return thrown as SentimentError;
      }
    })();
    expect(error).toBeInstanceOf(SentimentError);
    expect(error?.next).toMatch(/^known settings: name, kind, severity, expect/);
  });

  it('a file that is not there', () => {
    expect(() => readBehaviourFile('behaviour/none.yaml', ['a'])).toThrow(
      expect.objectContaining({ code: 'BEHAVIOUR_MISSING', exitCode: 1 }),
    );
  });
});
