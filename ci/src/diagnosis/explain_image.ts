/** What the registry really holds, beside the image that cannot be pulled. */
import type { Snapshot } from '../deploy/snapshot.ts';
import { type Addition, look } from './look.ts';
import type { Reads, Verdict } from './verdict.ts';

// ECR, the account and the node role's rights are asked one after the other, in up to ten seconds
const registryMs = 11_000;

export async function explainImageVerdict(verdict: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const { image, container } = verdict.subject;
  const { explainImage } = reads;
  if (!image || !explainImage) return {};
  const looked = await look('the registry', () => explainImage(image), registryMs);
  if ('trouble' in looked) return { evidence: [looked.trouble] };
  const { nearest, differences, evidence, next } = looked.value;
  if (differences.length === 0) return { evidence, ...(next && { next }) };
  const listed = differences.map(({ part, found, expected }) => `${part} ${found} instead of ${expected}`).join(', ');
  // the comparison with what the registry holds is worth more than that with the revision before
  const [what] = verdict.headline.split('; ');
  const headline = `${what}; ${listed}${nearest ? `, where ${nearest} exists` : ''}`;
  const { namespace, name } = snapshot.deployment.metadata ?? {};
  const mend = nearest && `kubectl -n ${namespace} set image deployment/${name} ${container}=${nearest}`;
  return { headline, evidence, next: next ?? mend ?? verdict.next };
}
