/**
 * Every file that one stage writes for another, relative to the repository's root, where all programs run. dvc.yaml names
 * the same files; tests/pipeline.test.ts fails if they differ.
 */
export const paths = {
  params: 'params.yaml',
  lock: 'dvc.lock',

  /** SHA-256 of the files that are sources, by path. */
  sources: 'data/raw/sources.json',
  /** One Review a line, with the raw text. */
  rawTrain: 'data/raw/train.jsonl',
  rawTest: 'data/raw/test.jsonl',
  /** The same with normalised text. */
  interimTrain: 'data/interim/train.jsonl',
  interimTest: 'data/interim/test.jsonl',
  /** Sparse matrices, binary. */
  processedTrain: 'data/processed/train.csr',
  processedTest: 'data/processed/test.csr',

  vectorizer: 'models/vectorizer.bin',
  /** The model that is registered and served. */
  model: 'models/model.bin',
  /** The registered version: name, version, run, digest, tracking server. */
  registered: 'models/registered.json',

  ingestionReport: 'reports/data_ingestion.json',
  preprocessingReport: 'reports/data_preprocessing.json',
  buildingReport: 'reports/model_building.json',
  /** Flat numbers: accuracy, roc_auc and so on, some with a standard error *_se. */
  metrics: 'reports/metrics.json',
  /** Behaviour tests: counts and failures. */
  behaviour: 'reports/behaviour.json',
  /** Accuracy by text length and strength of opinion. */
  slices: 'reports/slices.json',
  /** Every metric by domain. */
  domains: 'reports/domains.json',
  /** The most confident mistakes, one a line. */
  mistakes: 'reports/mistakes.jsonl',

  plots: 'reports/plots',
  confusionMatrix: 'reports/plots/confusion_matrix.json',
  roc: 'reports/plots/roc.json',
  precisionRecall: 'reports/plots/precision_recall.json',
  calibration: 'reports/plots/calibration.json',
  domainPlot: 'reports/plots/domains.json',
  topWords: 'reports/plots/top_words.json',

  /** Not committed: the local MLflow server, temporary downloads, the cached Production model. */
  local: '.local',
  downloads: '.local/downloads',
  modelCache: '.local/models',
  mlflow: '.local/mlflow',
} as const;
