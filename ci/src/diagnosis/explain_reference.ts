/** Names and keys like the one that is missing. */

import type { Snapshot } from '../deploy/snapshot.ts';
import { nearNames } from '../image_name.ts';
import { type Addition, look } from './look.ts';
import type { Reads, Verdict } from './verdict.ts';

export async function explainReference({ subject }: Verdict, snapshot: Snapshot, reads: Reads): Promise<Addition> {
  const { reference } = subject;
  if (!reference) return {};
  const { kind, name, key } = reference;
  const namespace = snapshot.deployment.metadata?.namespace;
  if (key !== undefined && kind !== 'ServiceAccount') {
    const keys = await look(`${kind} ${name}`, () => reads.keys(kind, name));
    return 'trouble' in keys ? { evidence: [keys.trouble] } : suggestion(key, keys.value, `keys of ${kind} ${name}`);
  }
  const names = await look(`the names of ${kind}s`, () => reads.names(kind));
  return 'trouble' in names
    ? { evidence: [names.trouble] }
    : suggestion(name, names.value, `${kind}s in namespace ${namespace}`);
}

function suggestion(wanted: string, there: string[], what: string): Addition {
  const listed = there.slice(0, 10).join(', ') || 'none';
  const evidence = [`${what}: ${listed}${there.length > 10 ? ` and ${there.length - 10} more` : ''}`];
  const [near] = nearNames(wanted, there);
  if (near === undefined) return { evidence };
  return { evidence, next: `put "${near}" in place of "${wanted}" in the pod template, if that is what is meant` };
}
