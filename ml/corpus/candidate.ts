/**
 * A text as its source has it, before anything is judged: which class its opinion is, whether it is a duplicate,
 * whether it is a text at all. Every source gives a stream of these, and of rows that are none.
 */
export type Candidate = {
  /** Where a person finds it: "reviews.csv:17". */
  where: string;
  id: string;
  text: string;
  opinion: Opinion;
  group?: string;
  /** The side of the split that the source itself puts it on. */
  split?: 'train' | 'test';
};

/** A graded opinion whose sign is the label, or a word for the label. */
export type Opinion = { rating: string | number } | { label: string };

/** A row that cannot be read. */
export type BadRow = {
  where: string;
  /** What is wrong with it. */
  problem: string;
};

export type Source = {
  /** What it is called in reports; without passwords and signatures. */
  name: string;
  /** Can be gone through once. */
  items: AsyncIterable<Candidate | BadRow>;
  /** Removes what was fetched for this run only. */
  close(): Promise<void>;
};
