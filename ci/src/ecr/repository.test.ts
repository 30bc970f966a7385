import { expect, test } from 'vitest';
import { repositoryNameProblem } from './repository.ts';

test.each(['sentiment', 'team/sentiment-api', 'a.b_c/d0'])('%s is a repository name', (name) => {
  expect(repositoryNameProblem(name)).toBeUndefined();
});

test.each([
  ['Sentiment', /lower-case/],
  ['team//sentiment', /lower-case/],
  ['sentiment-', /lower-case/],
  ['a', /1 characters long/],
  ['a'.repeat(257), /257 characters long/],
])('%s is not a repository name', (name, problem) => {
  expect(repositoryNameProblem(name)).toMatch(problem);
});
