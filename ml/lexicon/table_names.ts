/** The tables of the lexicon (lexicon.ts says what they are), and the priors beside them (ml/prior.ts). */
export const TABLES = ['vader', 'afinn', 'vectors'] as const;
export type Table = (typeof TABLES)[number];

/** Whether the setting `prior` names a model file. */
export function isPriorFile(prior: string): boolean {
  return !['auto', 'general', 'none'].includes(prior);
}
