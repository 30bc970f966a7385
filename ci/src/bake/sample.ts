/**
 * Questions that two revisions are asked before one replaces the other, and how many of their answers differ. What a question
 * and an answer look like, the table of signals and the sample's file say: nothing here knows.
 */
import { PipelineError } from '../errors.ts';

/** A line of the sample's file: `{"name": "films 17", "ask": {"text": "..."}}`. */
export type Question = {
  /** What a report may show of it. */
  name: string;
  /** The body of the request, as JSON. */
  ask: unknown;
};

/** Where questions go, and which part of an answer counts. */
export type ShadowTable = {
  /** Path to which each question is sent as a POST. */
  ask: string;
  /** Names with dots between them: `result.label`. */
  answer: string;
};

export type Flips = {
  asked: number;
  flipped: number;
  /** `films 17: negative -> positive`, a few of them. */
  examples: string[];
};

const shownExamples = 5;

/** Throws SAMPLE. */
export function parseSample(text: string, source: string): Question[] {
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, at: index + 1 }]));
  const questions = lines.map(({ line, at }) => {
    const { name, ask } = parsed(line);
    if (typeof name === 'string' && ask !== undefined) return { name, ask };
    throw wrong(`line ${at} of ${source} is no question`);
  });
  if (questions.length === 0) throw wrong(`${source} has no question`);
  return questions;
}

/** `before` and `now` are the answers to the questions, in their order. */
export function flipsOf(questions: Question[], before: string[], now: string[]): Flips {
  const flips = questions.flatMap(({ name }, i) =>
    before[i] === now[i] ? [] : [`${name}: ${before[i]} -> ${now[i]}`],
  );
  return { asked: questions.length, flipped: flips.length, examples: spread(flips, shownExamples) };
}

/** The part of an answer that counts, as a word; the status where the answer is an error. */
export function answerIn(status: number, body: string, path: string): string {
  if (status !== 200) return `status ${status}`;
  let value: unknown = parsed(body);
  for (const name of path.split('.')) value = Object(value)[name];
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? `no "${path}"`);
}

/** `12 of 300 answers differ (4.0 %)` */
export function flipWords({ asked, flipped }: Flips): string {
  return `${flipped} of ${asked} answers differ (${((100 * flipped) / asked).toFixed(1)} %)`;
}

/** As many, from all parts of the list. */
function spread<T>(list: T[], count: number): T[] {
  const step = Math.max(1, list.length / count);
  return list.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(0, count);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function wrong(headline: string): PipelineError {
  const next = 'write one JSON object a line: {"name": "what a report may show", "ask": the body of the request}';
  return new PipelineError('SAMPLE', headline, { next });
}
