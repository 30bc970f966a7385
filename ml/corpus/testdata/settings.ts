import type { DataIngestionParams } from '../../params.ts';

export const settings: DataIngestionParams = {
  source: 'reviews.csv',
  text_column: 'text',
  label_column: 'label',
  rating_column: '',
  id_column: '',
  group_column: '',
  positive_labels: ['positive'],
  negative_labels: ['negative'],
  neutral_labels: ['neutral'],
  neutral_band: 0,
  test_share: 0.25,
  seed: 42,
  max_bad_share: 0.02,
};
