/** Tags of runs and model versions that one program writes and another reads. */
export const tags = {
  /** Equal for equal model, metrics and params. */
  fingerprint: 'pipeline.fingerprint',
  /** SHA-256 of the model as trained, before run and metrics were stamped on it. */
  content: 'pipeline.content_digest',
  /** SHA-256 of the training texts and labels. */
  trainDigest: 'data.train_digest',
  /** SHA-256 of the file of held-out texts. */
  testDigest: 'data.test_digest',
} as const;
