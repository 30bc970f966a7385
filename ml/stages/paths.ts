/**
 * Every file that passes from one stage to the next, relative to the repository's root, where all programs run.
 * dvc.yaml names the same files; tests/pipeline.test.ts would fail if the two disagreed.
 */
export const paths = {
  params: 'params.yaml',
  lock: 'dvc.lock',

  /** One Review a line, as ingested. */
  rawTrain: 'data/raw/train.jsonl',
  rawTest: 'data/raw/test.jsonl',
  /** The same with normalised texts. */
  interimTrain: 'data/interim/train.jsonl',
  interimTest: 'data/interim/test.jsonl',
  /** Sparse matrices, binary. */
  processedTrain: 'data/processed/train.csr',
  processedTest: 'data/processed/test.csr',

  vectorizer: 'models/vectorizer.bin',
  /** The artifact that is registered and served. */
  model: 'models/model.bin',
  /** What register_model registered: name, version, run, digest, tracking server. */
  registered: 'models/registered.json',

  ingestionReport: 'reports/data_ingestion.json',
  preprocessingReport: 'reports/data_preprocessing.json',
  buildingReport: 'reports/model_building.json',
  /** Flat numbers: accuracy, roc_auc and the others, each with a *_se where one exists. */
  metrics: 'reports/metrics.json',
  /** Behaviour tests: tallies and failures. */
  behaviour: 'reports/behaviour.json',
  /** Accuracy by length of text and strength of opinion. */
  slices: 'reports/slices.json',
  /** The most confident mistakes, one a line. */
  mistakes: 'reports/mistakes.jsonl',

  plots: 'reports/plots',
  confusionMatrix: 'reports/plots/confusion_matrix.json',
  roc: 'reports/plots/roc.json',
  precisionRecall: 'reports/plots/precision_recall.json',
  calibration: 'reports/plots/calibration.json',
  topWords: 'reports/plots/top_words.json',

  /** What stays on this machine: the local MLflow server, downloads, the cached Production model. */
  local: '.local',
  downloads: '.local/downloads',
  modelCache: '.local/models',
  mlflow: '.local/mlflow',
} as const;
