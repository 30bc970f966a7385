import { readModel } from './artifact.ts';
import type { Model } from './types.ts';

/** Loads a trained model. Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION, each naming the path. */
export async function loadModel(path: string): Promise<Model> {
  return readModel(path);
}
