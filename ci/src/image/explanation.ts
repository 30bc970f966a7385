/** What the registry really holds, beside the name that a pod is to pull: the contract between registry and rollout. */

/** The parts of an image name that can be wrong, in the order in which they are compared. */
export type ImagePart = 'registry' | 'account' | 'region' | 'repository' | 'tag' | 'digest' | 'architecture';

export type PartDifference = { part: ImagePart; found: string; expected: string };

export type ImageExplanation = {
  /** The name that was asked about. */
  reference: string;
  /** The nearest name that exists, if there is one. */
  nearest?: string;
  /** Where the two differ; empty when the image is there. */
  differences: PartDifference[];
  /** One sentence each: what was looked at and seen. */
  evidence: string[];
  /** What to type to mend it. */
  next?: string;
};

/** Never throws: what cannot be looked at is a line of evidence. */
export type ExplainImage = (reference: string) => Promise<ImageExplanation>;
