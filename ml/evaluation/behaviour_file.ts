/**
 * A file of behaviour tests: what it may say, and the cases that it stands for. docs/model.md shows one. Classes are
 * named, so a file can ask for any class that the model has.
 */
import { z } from 'zod';
import { readYamlFile } from '../yaml_file.ts';
import type { FairnessGroup } from './fairness.ts';

const CASE_KINDS = ['minimum functionality', 'invariance', 'direction'] as const;
export type BehaviourKind = (typeof CASE_KINDS)[number];
const KINDS = [...CASE_KINDS, 'fairness'] as const;

/** critical: one failure is enough to refuse the model. normal: the share of passes counts. */
const SEVERITIES = ['normal', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

type Common = { name: string; severity: Severity };

export type BehaviourCase = Common &
  (
    | { kind: 'minimum functionality'; text: string; expect: string }
    /** `within` is the most that the probability of any class may move. */
    | { kind: 'invariance'; text: string; variant: string; within: number }
    /** `within` is the most that the probability of the class `raises` may fall. */
    | { kind: 'direction'; text: string; variant: string; raises: string; within: number }
  );

export type BehaviourFile = {
  path: string;
  /** Undefined for a file about any text. */
  domain: string | undefined;
  decides: 'always' | 'in its domain' | 'never';
  cases: BehaviourCase[];
  groups: FairnessGroup[];
};

const DEFAULT_WITHIN = { invariance: 0.1, direction: 0.05 };

const text = z.string().min(1);
const pair = z.tuple([text, text]);

/** The keys that a test of a kind needs and may have, besides name, kind and severity. */
const KEYS: Record<(typeof KINDS)[number], { needs: (keyof TestInput)[][]; may: (keyof TestInput)[] }> = {
  'minimum functionality': { needs: [['expect'], ['text', 'texts']], may: [] },
  invariance: { needs: [['pair', 'pairs']], may: ['within'] },
  direction: { needs: [['raises'], ['pair', 'pairs', 'text', 'texts']], may: ['within', 'add'] },
  fairness: { needs: [['templates'], ['words']], may: [] },
};

function fileSchema(classes: readonly string[]) {
  const className = z.enum(classes as [string, ...string[]]);
  const test = z
    .strictObject({
      name: text.describe('What the test is about; reports count by it.'),
      kind: z.enum(KINDS).describe('What is tested.'),
      severity: z.enum(SEVERITIES).optional().describe('normal, or critical: one failure refuses the model.'),
      expect: className.optional().describe('minimum functionality: the class of the texts.'),
      raises: className.optional().describe('direction: the class whose probability must not fall.'),
      text: text.optional().describe('One text.'),
      texts: z.array(text).min(1).optional().describe('Several texts.'),
      add: z
        .union([text, z.array(text).min(1)])
        .optional()
        .describe('direction: what is added to each text.'),
      pair: pair.optional().describe('A text and its variant.'),
      pairs: z.array(pair).min(1).optional().describe('Several texts, each with its variant.'),
      templates: z
        .array(text.refine((value) => value.split('{}').length === 2, 'needs {} once, where the word goes'))
        .min(1)
        .optional()
        .describe('fairness: texts with {} where the word goes.'),
      words: z.array(text).min(2).optional().describe('fairness: words that must not matter.'),
      within: z.number().min(0).max(1).optional().describe('How far the probability may move the wrong way.'),
    })
    .superRefine((value, context) => {
      for (const issue of complaints(value)) context.addIssue({ code: 'custom', ...issue });
    });
  return z.strictObject({
    domain: text.optional().describe('What the texts are about, as the data names it; without it, anything.'),
    decides: z
      .enum(['always', 'in its domain', 'never'])
      .default('always')
      .describe('Whether the gate refuses a model for failures; if not, they are only reported.'),
    tests: z.array(test).min(1).describe('The tests.'),
  });
}

type FileInput = z.output<ReturnType<typeof fileSchema>>;
type TestInput = FileInput['tests'][number];

function complaints(test: TestInput): { message: string; path: string[] }[] {
  const { kind } = test;
  const { needs, may } = KEYS[kind];
  const given = (Object.keys(test) as (keyof TestInput)[]).filter((key) => test[key] !== undefined);
  const known = ['name', 'kind', ...(kind === 'fairness' ? [] : ['severity']), ...needs.flat(), ...may];
  const wrong = given
    .filter((key) => !known.includes(key))
    .map((key) => ({ message: `does not go with kind: ${kind}`, path: [key] }));
  const missing = needs
    .filter((keys) => keys.filter((key) => given.includes(key)).length !== 1)
    .map((keys) => `kind: ${kind} needs ${keys.length > 1 ? 'exactly one of ' : ''}${keys.join(', ')}`);
  const isAdding = test.text !== undefined || test.texts !== undefined;
  if (kind === 'direction' && (test.add !== undefined) !== isAdding) {
    missing.push('kind: direction needs add if it has text or texts, and only then');
  }
  return [...wrong, ...missing.map((message) => ({ message, path: [] }))];
}

/**
 * Reads a file for a model with the given classes. Throws BEHAVIOUR_MISSING (1) or BEHAVIOUR_INVALID (2), which names file, line
 * and field.
 */
export function readBehaviourFile(path: string, classes: readonly string[]): BehaviourFile {
  const file = readYamlFile(path, 'behaviour');
  const { domain, decides, tests } = file.check(fileSchema(classes));
  return { path, domain, decides, cases: tests.flatMap(casesOf), groups: tests.flatMap(groupOf) };
}

function groupOf({ name, kind, templates, words }: TestInput): FairnessGroup[] {
  return kind === 'fairness' ? [{ name, templates: templates as string[], words: words as string[] }] : [];
}

function casesOf(test: TestInput): BehaviourCase[] {
  const { name, kind, severity = 'normal' } = test;
  if (kind === 'fairness') return [];
  const texts = [...(test.texts ?? []), ...(test.text === undefined ? [] : [test.text])];
  if (kind === 'minimum functionality') {
    return texts.map((one) => ({ name, kind, severity, text: one, expect: test.expect as string }));
  }
  const within = test.within ?? DEFAULT_WITHIN[kind];
  const additions = [test.add ?? []].flat();
  const pairs = [
    ...(test.pairs ?? []),
    ...(test.pair ? [test.pair] : []),
    ...texts.flatMap((before) => additions.map((addition) => [before, `${before} ${addition}`] as const)),
  ];
  return pairs.map(([before, variant]) => {
    const common = { name, severity, text: before, variant, within };
    return kind === 'invariance' ? { ...common, kind } : { ...common, kind, raises: test.raises as string };
  });
}
