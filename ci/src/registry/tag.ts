/**
 * A tag names one content for ever. Before a push: what the tag holds now, and whether that is what we bring.
 *
 *     const state = await tagState(login, repository, tag);
 *     if (pushDecision({ repository, tag, state }, content) === 'push') ...
 */
import { PipelineError } from '../errors.ts';
import { type ImageFacts, imageFacts } from './distribution.ts';
import type { RegistryLogin } from './login.ts';

/** Label by which two builds of the same content are known as such, though their layers' times differ. */
export const CONTENT_LABEL = 'sentiment.content';

/** What the tag holds; undefined when it is free. */
export type TagState = ImageFacts | undefined;

/** What is about to be pushed: its digest, where a build knows it beforehand, or the value of its content label. */
export type Content = { digest?: string; label?: string };

/** Throws REGISTRY when it cannot be asked. */
export async function tagState(login: RegistryLogin, repository: string, tag: string): Promise<TagState> {
  return imageFacts(login, repository, tag);
}

/** 'unchanged' when the tag already holds this content. Throws TAG_TAKEN when it holds another. */
export function pushDecision(
  held: { repository: string; tag: string; state: TagState },
  content: Content,
): 'push' | 'unchanged' {
  const { repository, tag, state } = held;
  if (state === undefined) return 'push';
  const label = state.labels[CONTENT_LABEL];
  if (content.digest !== undefined && content.digest === state.digest) return 'unchanged';
  if (content.label !== undefined && content.label === label) return 'unchanged';
  throw new PipelineError('TAG_TAKEN', `${repository} already has the tag ${tag}, with other content`, {
    evidence: [
      `it holds  ${state.digest}${label ? `, content ${label}` : ''}`,
      `you bring ${[content.digest, content.label && `content ${content.label}`].filter(Boolean).join(', ') || 'content of unknown digest'}`,
    ],
    next: 'a tag is the commit it was built from and never moves: commit what has changed, and release that commit',
  });
}
