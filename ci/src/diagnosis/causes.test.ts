import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withPatience } from '../../../tests/support/diagnosis_report.ts';
import { appliedByHand, refusedOutright } from '../../../tests/support/diagnosis_scenarios/cluster.ts';
import { whileBaking } from '../../../tests/support/diagnosis_scenarios/pods.ts';
import { scenarios } from '../../../tests/support/diagnosis_scenarios.ts';
import { causeNames, causes, codeOf, parsePatience, patienceFor, runbookPage } from './causes.ts';

const root = resolve(import.meta.dirname, '../../..');

test.each(causeNames)('%s has its page in the runbook, with its code and its patience', (cause) => {
  const page = readFileSync(join(root, runbookPage(cause)), 'utf8');
  const [, , summary] = page.split('\n');
  expect(summary).toContain(`\`${codeOf(cause)}\``);
  const { patience } = causes[cause];
  if (patience === 'cannot heal') expect(summary).not.toMatch(/after \d+ s/);
  else if (cause !== 'deadline' && patience.seconds > 0) expect(summary).toContain(`${patience.seconds} s`);
});

test('the table in docs/deploy.md is the one that node tests/support/diagnosis_report.ts writes', () => {
  const page = join(root, 'docs/deploy.md');
  // the formatter aligns the columns
  const unaligned = (text: string) =>
    text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---').replaceAll('| ---', '|---').replaceAll('--- |', '---|');
  expect(unaligned(withPatience(page))).toBe(unaligned(readFileSync(page, 'utf8')));
});

test('a page of the runbook belongs to a cause or to an alert', () => {
  const pages = readdirSync(join(root, 'docs/runbook')).filter((name) => !name.startsWith('alert-'));
  expect(pages.sort()).toEqual(causeNames.map((cause) => `${cause}.md`).sort());
});

test('every cause is provoked by a scenario of the integration test', () => {
  const provoked = [...scenarios, ...refusedOutright, ...appliedByHand, ...whileBaking].map(({ cause }) => cause);
  expect(causeNames.filter((cause) => !provoked.includes(cause))).toEqual([]);
});

test('no two causes have the same rank', () => {
  const ranks = Object.values(causes).map(({ rank }) => rank);
  expect(new Set(ranks).size).toBe(ranks.length);
});

test('a patience is read for each cause, and replaces the seconds alone', () => {
  const own = parsePatience(['image-not-found=120', 'crash-loop=0']);
  expect(own).toEqual({ 'image-not-found': 120, 'crash-loop': 0 });
  expect(patienceFor('image-not-found', own)).toEqual({ attempts: 2, seconds: 120 });
});

test.each([
  ['image-notfound=1', '"image-notfound" is an unknown cause', 'write image-not-found=SECONDS'],
  ['quota=soon', 'the patience is "quota=soon"', 'write quota=30'],
])('the patience %s is refused', (word, headline, next) => {
  expect(() => parsePatience([word])).toThrow(headline);
  expect(() => parsePatience([word])).toThrow(next);
});
