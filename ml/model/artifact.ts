/**
 * The artifact: one file with everything a prediction needs (see sections.ts for the container).
 *
 * Equal training inputs give equal bytes. 100k features load in a few milliseconds, because vocabulary and weights are
 * used where they lie.
 */
import type { VectorizerSettings } from '../features/vectorizer.ts';
import type { NormalizeSettings } from '../text/normalize.ts';
import { type Calibration, LinearTextModel, type ModelParts } from './linear_text_model.ts';
import { SIGNALS, type TrainingProfile } from './profile.ts';
import { readSections, writeSections } from './sections.ts';
import type { ModelFacts } from './types.ts';
import { damaged, section, vectorizerFromSections, vectorizerSections } from './vectorizer_file.ts';

const KIND = 'sentiment model';

type ModelFields = {
  normalize: NormalizeSettings;
  vectorizer: VectorizerSettings;
  intercept: number;
  calibration: Calibration;
  facts: ModelFacts;
  profile?: TrainingProfile;
};

/** Returns the SHA-256 of the file, hex. */
export function saveModel(path: string, parts: ModelParts): string {
  const fields: ModelFields = {
    normalize: parts.normalize,
    vectorizer: parts.vectorizer.settings,
    intercept: parts.intercept,
    calibration: parts.calibration,
    facts: parts.facts,
    // Left out of the file when there is none.
    profile: parts.profile,
  };
  const sections = vectorizerSections(parts.vectorizer);
  sections.set('weights', parts.weights);
  return writeSections(path, KIND, fields, sections);
}

/** Throws MODEL_MISSING, MODEL_DAMAGED or MODEL_VERSION. */
export function readModel(path: string): LinearTextModel {
  const { fields, sections, digest } = readSections(path, KIND);
  const { normalize, vectorizer: settings, intercept, calibration, facts, profile } = fields as ModelFields;
  if (!normalize || !settings || !calibration || !facts || !Number.isFinite(intercept)) {
    throw damaged(path, 'its header lacks settings, calibration or facts');
  }
  const vectorizer = vectorizerFromSections(path, settings, sections);
  const weights = section(path, sections, 'weights', Float32Array);
  if (weights.length !== vectorizer.columnCount) {
    throw damaged(path, `it has ${weights.length} weights for ${vectorizer.columnCount} features`);
  }
  const parts = { normalize, vectorizer, weights, intercept, calibration, facts, profile: readProfile(path, profile) };
  return new LinearTextModel(parts, digest);
}

/** A profile of a later version is passed over: the model predicts without it. */
function readProfile(path: string, profile: TrainingProfile | undefined): TrainingProfile | undefined {
  if (profile?.version !== 1) return undefined;
  for (const signal of SIGNALS) {
    const distribution = profile[signal];
    if (distribution === null && signal === 'probability') continue;
    if (!distribution?.bounds || distribution.counts?.length !== distribution.bounds.length + 1) {
      throw damaged(path, `the profile's ${signal} is no distribution`);
    }
  }
  return profile;
}
