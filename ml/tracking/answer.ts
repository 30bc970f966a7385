/**
 * Reading MLflow's answers: what must be there is asked for by its path and is an error when it is not. MLflow leaves
 * empty fields out, so a list or a set of tags that is absent is an empty one. By hand and not with zod, because the
 * service reads the registry at its start and importing zod takes about 50 ms.
 */
import { MlflowError } from './errors.ts';

export type Answer = { endpoint: string; body: unknown };

/** The text at a path such as "run.info.run_id"; throws MLFLOW_BAD_ANSWER when it is not there. */
export function text(answer: Answer, path: string): string {
  const value = at(answer, path);
  if (typeof value === 'string') return value;
  throw new MlflowError('MLFLOW_BAD_ANSWER', `MLflow's answer to ${answer.endpoint} has no text at ${path}`, {
    endpoint: answer.endpoint,
    next: 'check that the server is MLflow 3 (its address with /version says which)',
  });
}

export function optionalText(answer: Answer, path: string): string {
  const value = at(answer, path);
  return typeof value === 'string' ? value : '';
}

/** A number; MLflow writes 64-bit ones as text in some versions. 0 when absent. */
export function number(answer: Answer, path: string): number {
  return Number(at(answer, path) ?? 0);
}

export function isTrue(answer: Answer, path: string): boolean {
  return at(answer, path) === true;
}

/** One answer per element of the list at the path. */
export function list(answer: Answer, path: string): Answer[] {
  const value = at(answer, path);
  return Array.isArray(value) ? value.map((body: unknown) => ({ endpoint: answer.endpoint, body })) : [];
}

export function texts(answer: Answer, path: string): string[] {
  return list(answer, path).flatMap(({ body }) => (typeof body === 'string' ? [body] : []));
}

/** A list of {key, value} as a record: tags, params. */
export function pairs(answer: Answer, path: string): Record<string, string> {
  return Object.fromEntries(list(answer, path).map((pair) => [text(pair, 'key'), optionalText(pair, 'value')]));
}

/** The part of an answer at a path. */
export function part(answer: Answer, path: string): Answer {
  return { endpoint: answer.endpoint, body: at(answer, path) };
}

function at(answer: Answer, path: string): unknown {
  let value = answer.body;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
