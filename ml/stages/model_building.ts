/** Stage 4: fits calibrated weights to the matrix and writes the model file. */
import { classSetOf } from '../corpus/classes.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { runMain, SentimentError } from '../errors.ts';
import { writeJson } from '../files.ts';
import { lexiconOf } from '../lexicon/lexicon.ts';
import { saveModel } from '../model/artifact.ts';
import { profileOf } from '../model/profile.ts';
import type { Calibration } from '../model/types.ts';
import { loadVectorizer } from '../model/vectorizer_file.ts';
import { readParams } from '../params.ts';
import { priorOf } from '../prior.ts';
import { modelParts } from '../training.ts';
import { fitWeights } from '../weights.ts';
import { loadMatrix } from './matrix_file.ts';
import { paths } from './paths.ts';

await runMain(() => {
  const params = readParams();
  const { x, labels, ratings, weights, dataDigest, domains } = loadMatrix(paths.processedTrain);
  const vectorizer = loadVectorizer(paths.vectorizer);
  if (vectorizer.columnCount !== x.columnCount) {
    throw new SentimentError(
      'FEATURES_DIFFER',
      `${paths.vectorizer} has ${vectorizer.columnCount} columns, ${paths.processedTrain} has ${x.columnCount}`,
      { next: 'run dvc repro feature_engineering --force' },
    );
  }
  const classes = classSetOf(params.data_ingestion);
  const prior = priorOf(params.feature_engineering.prior, readReviews(paths.rawTrain));
  const fitted = fitWeights(
    x,
    { labels, ratings, weights },
    classes,
    params.model_building,
    lexiconOf(params.feature_engineering, prior),
  );
  const { model, calibration } = fitted;
  const profile = profileOf(readReviews(paths.interimTrain), vectorizer, x, fitted.scores);
  const data = { dataDigest, trainingTexts: x.rowCount, domains };
  const known = [readReviews(paths.rawTrain), readReviews(paths.interimTrain)];
  saveModel(paths.model, modelParts(params, vectorizer, fitted, data, profile, known));
  // Only logistic_regression has an objective and proves a gap.
  const proven = Number.isNaN(model.gap) ? {} : { objective: model.objective, optimality_gap: model.gap };
  writeJson(paths.buildingReport, {
    features: x.columnCount,
    training_texts: x.rowCount,
    passes: model.iterations,
    ...proven,
    ...figuresOf(calibration),
  });
  if (fitted.prior !== undefined) console.log(`prior: ${fitted.prior}`);
  const { classifier } = params.model_building;
  const within = Number.isNaN(model.gap) ? '' : `, objective within ${model.gap.toExponential(1)} of its minimum`;
  const size = `${x.rowCount.toLocaleString('en')} texts x ${x.columnCount.toLocaleString('en')} features`;
  console.log(`${classifier} on ${size}: ${model.iterations} ${model.iterations === 1 ? 'pass' : 'passes'}${within}`);
});

/** More than two classes have numbered figures. */
function figuresOf({ slopes, offsets, signs = 1 }: Calibration): Record<string, number> {
  if (slopes.length === 1) {
    return { calibration_slope: slopes[0], calibration_offset: offsets[0], calibration_signs: signs };
  }
  return Object.fromEntries(
    slopes.flatMap((slope, k) => [
      [`calibration_slope_${k}`, slope],
      [`calibration_offset_${k}`, offsets[k]],
    ]),
  );
}
