import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { causes, runbookPage, type Verdict, verdictError } from './verdict.ts';

const root = resolve(import.meta.dirname, '../../..');

const verdict: Verdict = {
  cause: 'image-tls',
  headline: 'Deployment a/b cannot pull c',
  evidence: ['pod d: "x509"'],
  next: 'trust it',
  runbook: 'docs/runbook/image-tls.md',
  permanent: true,
  subject: {},
};

test.each(causes)('%s has its page in the runbook, under the code that the error shows', (cause) => {
  const page = readFileSync(join(root, runbookPage(cause)), 'utf8');
  const [, code] = /\((ROLLOUT_\w+)\)/.exec(verdictError({ ...verdict, cause }).message) ?? [];
  expect(page.split('\n')[2]).toContain(`\`${code}\``);
});

test('a verdict as an error is a headline, the evidence, the mend and the page', () => {
  expect(verdictError(verdict).message).toBe(
    'Deployment a/b cannot pull c (ROLLOUT_IMAGE_TLS)\n  | pod d: "x509"\n  next: trust it\n  more: docs/runbook/image-tls.md',
  );
});
