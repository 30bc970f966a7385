/** The tables of the lexicon; lexicon.ts says what they are. */
export const TABLES = ['vader', 'afinn', 'vectors'] as const;
export type Table = (typeof TABLES)[number];
