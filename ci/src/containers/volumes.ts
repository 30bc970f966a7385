/**
 * Whose cache volumes a call uses. On a shared engine everybody can mount a volume whose name they know and leave there what
 * another call then takes up: a model in DVC's cache, a package in uv's. So what a release takes up is in volumes whose names
 * follow from a secret that only those have who may release; a pull request, which has none, cannot know them.
 */
import { scryptSync } from 'node:crypto';

/** Names the volumes of those who hold a secret; empty for everybody else. */
export type Owner = string;

/** The same for the same secret. The name is seen in traces, and no secret can be found from it. */
export function ownerOf(secret: string | undefined): Owner {
  return secret ? scryptSync(secret, 'sentiment cache volumes', 16).toString('hex') : '';
}

/** The volume's name. For what is believed without a check: DVC's cache, uv's unpacked packages. */
export function ownVolume(name: string, owner: Owner): string {
  return owner === '' ? name : `${name}-${owner}`;
}
