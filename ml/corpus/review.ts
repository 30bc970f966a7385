/**
 * One labelled text, as it travels from ingestion to evaluation, one JSON object a line.
 *
 * `label` is 1 for positive and 0 for negative. `rating` is the graded opinion when the source has one (any scale
 * whose sign is the label; movie snippets: -4 to 4). `group` keeps texts of one origin (a product review's
 * sentences) on the same side of the split. `split` is set when the source itself says which side a text is on.
 */
export type Review = {
  id: string;
  text: string;
  label: 0 | 1;
  rating?: number;
  group?: string;
  split?: 'train' | 'test';
};
