/** Stage 4: matrix to weights, calibrated, in the artifact that everything after it uses. */
import { runMain, SentimentError } from '../errors.ts';
import { saveModel } from '../model/artifact.ts';
import { loadVectorizer } from '../model/vectorizer_file.ts';
import { readParams, sectionsOfModel } from '../params.ts';
import { fitWeights } from '../training.ts';
import { loadMatrix } from './matrix_file.ts';
import { paths } from './paths.ts';
import { writeJson } from './write_file.ts';

await runMain(() => {
  const params = readParams();
  const { x, labels, ratings, dataDigest } = loadMatrix(paths.processedTrain);
  const vectorizer = loadVectorizer(paths.vectorizer);
  if (vectorizer.columnCount !== x.columnCount) {
    throw new SentimentError(
      'FEATURES_DIFFER',
      `${paths.vectorizer} has ${vectorizer.columnCount} columns, ${paths.processedTrain} has ${x.columnCount}`,
      { next: 'run dvc repro feature_engineering --force' },
    );
  }
  const { model, calibration } = fitWeights(x, { labels, ratings }, params.model_building);
  saveModel(paths.model, {
    normalize: params.data_preprocessing,
    vectorizer,
    weights: Float32Array.from(model.weights),
    intercept: model.intercept,
    calibration,
    facts: {
      dataDigest,
      source: params.data_ingestion.source,
      trainingTexts: x.rowCount,
      params: sectionsOfModel(params),
    },
  });
  const report = {
    features: x.columnCount,
    training_texts: x.rowCount,
    passes: model.iterations,
    objective: model.objective,
    optimality_gap: model.gap,
    calibration_slope: calibration.slope,
    calibration_offset: calibration.offset,
  };
  writeJson(paths.buildingReport, report);
  console.log(
    `${params.model_building.classifier} on ${x.rowCount.toLocaleString('en')} texts x ` +
      `${x.columnCount.toLocaleString('en')} features: ${model.iterations} passes, objective within ` +
      `${model.gap.toExponential(1)} of its minimum`,
  );
});
