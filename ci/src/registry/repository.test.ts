import { expect, test } from 'vitest';
import { repositoryNameProblem } from './repository.ts';

test.each(['sentiment', 'team/sentiment-api', 'a.b_c/d0'])('%s may name a repository', (name) => {
  expect(repositoryNameProblem(name)).toBeUndefined();
});

test.each([
  ['Sentiment', /lower-case/],
  ['team//sentiment', /lower-case/],
  ['sentiment-', /lower-case/],
  ['a', /1 characters/],
  ['a'.repeat(257), /257 characters/],
])('%s may not', (name, problem) => {
  expect(repositoryNameProblem(name)).toMatch(problem);
});
