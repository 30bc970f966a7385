import { expect, test } from 'vitest';
import { judgeRefusal } from './creation.ts';
import type { Cause } from './verdict.ts';

// Sentences that the cluster of the tests does not say; the rest is in judge.test.ts, recorded.
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
    'its pods cannot be made, because webhook "mpod.elbv2.k8s.aws" does not answer',
  ],
  [
    'admission-denied',
    "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'all' denied request: no image by tag",
    'its pods are refused by ValidatingAdmissionPolicy "no-latest": no image by tag',
  ],
  [
    'quota',
    'pods "x" is forbidden: failed quota: team: must specify limits.cpu for: web; limits.memory for: web',
    'its pods are refused, quota "team" demands that they specify limits.cpu for: web; limits.memory for: web',
  ],
  [
    'admission-denied',
    'something that nobody has seen yet',
    'its pods are refused: something that nobody has seen yet',
  ],
])('%s: %s', (cause, message, headline) => {
  const verdict = judgeRefusal({ code: 403, reason: 'Forbidden', message }, 'prod/sentiment');
  expect(verdict).toMatchObject({ cause, headline: `Deployment prod/sentiment: ${headline}`, permanent: true });
});
