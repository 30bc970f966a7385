import { expect, test } from 'vitest';
import type { Cause } from './causes.ts';
import { judgeAdmission, judgeRefusal } from './creation.ts';

// Messages that the cluster of the tests does not produce; judge.test.ts has the recorded ones.
test.each<[Cause, string, string]>([
  [
    'admission-denied',
    'admission webhook "validate.kyverno.svc-fail" denied the request: policy Deployment/prod/sentiment for resource violation: require-labels: label team is required',
    'its pods are refused by admission webhook "validate.kyverno.svc-fail": policy Deployment/prod/sentiment for resource violation: require-labels: label team is required',
  ],
  [
    'admission-denied',
    'deployments.apps "sentiment" is forbidden: admission webhook "w.example" denied the request without explanation',
    'its pods are refused by admission webhook "w.example": without explanation',
  ],
  [
    'admission-denied',
    'Internal error occurred: failed calling webhook "mpod.elbv2.k8s.aws": failed to call webhook: Post "https://x.kube-system.svc:443/": no endpoints available',
    'its pods are refused, because webhook "mpod.elbv2.k8s.aws" cannot be reached: no endpoints available',
  ],
  [
    'admission-denied',
    "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: no image by tag",
    'its pods are refused by ValidatingAdmissionPolicy "no-latest": no image by tag',
  ],
  [
    'quota',
    'pods "x" is forbidden: failed quota: team: must specify limits.cpu for: web; limits.memory for: web',
    'its pods are refused, quota "team" requires them to specify limits.cpu for: web; limits.memory for: web',
  ],
  [
    'admission-denied',
    'something that nobody has seen yet',
    'its pods are refused: something that nobody has seen yet',
  ],
])('%s: %s', (cause, message, headline) => {
  const verdict = judgeRefusal({ code: 403, reason: 'Forbidden', message }, 'prod/sentiment', 'its pods are');
  expect(verdict).toMatchObject({ cause, headline: `Deployment prod/sentiment: ${headline}`, permanent: true });
});

test('an invalid object is not a refusal by an admission check', () => {
  const message = 'Deployment.apps "sentiment" is invalid: spec.replicas: Invalid value: -1: must be greater than 0';
  expect(judgeAdmission({ code: 422, reason: 'Invalid', message }, 'prod/sentiment', 'it is')).toBeUndefined();
});

test('a refusal of the Deployment itself uses the same words', () => {
  const message = 'admission webhook "w.example" denied the request: label team is required';
  expect(judgeAdmission({ code: 400, reason: '', message }, 'prod/sentiment', 'it is')).toMatchObject({
    headline: 'Deployment prod/sentiment: it is refused by admission webhook "w.example": label team is required',
    runbook: 'docs/runbook/admission-denied.md',
  });
});
