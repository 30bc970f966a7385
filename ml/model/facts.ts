import { readModel, saveModel } from './artifact.ts';
import type { ModelFacts } from './types.ts';

/**
 * Copies an artifact with facts that are known only after training (metrics, run, commit). Weights and vocabulary stay
 * as they are, byte for byte. Returns the SHA-256 of the new file, hex.
 */
export async function stampFacts(from: string, to: string, facts: Partial<ModelFacts>): Promise<string> {
  const { parts } = readModel(from);
  return saveModel(to, { ...parts, facts: { ...parts.facts, ...facts } });
}
