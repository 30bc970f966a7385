/** Stage 4: fits calibrated weights to the matrix and writes the model file. */
import { readReviews } from '../corpus/reviews_file.ts';
import { runMain, SentimentError } from '../errors.ts';
import { writeJson } from '../files.ts';
import { saveModel } from '../model/artifact.ts';
import { profileOf } from '../model/profile.ts';
import { loadVectorizer } from '../model/vectorizer_file.ts';
import { readParams } from '../params.ts';
import { fitWeights, modelParts } from '../training.ts';
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
  const fitted = fitWeights(x, { labels, ratings, weights }, params.model_building);
  const { model, calibration, rawScores } = fitted;
  const profile = profileOf(readReviews(paths.interimTrain), vectorizer, x, rawScores, calibration);
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
    calibration_slope: calibration.slope,
    calibration_offset: calibration.offset,
  });
  const { classifier } = params.model_building;
  const within = Number.isNaN(model.gap) ? '' : `, objective within ${model.gap.toExponential(1)} of its minimum`;
  const size = `${x.rowCount.toLocaleString('en')} texts x ${x.columnCount.toLocaleString('en')} features`;
  console.log(`${classifier} on ${size}: ${model.iterations} ${model.iterations === 1 ? 'pass' : 'passes'}${within}`);
});
