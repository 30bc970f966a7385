/**
 * A text as its source gives it, before labelling, the duplicate check and the check for empty texts. A source yields
 * candidates, and a BadRow for each unreadable row.
 */
export type Candidate = {
  /** Where a person finds it: "reviews.csv:17". */
  where: string;
  id: string;
  text: string;
  opinion: Opinion;
  group?: string;
  /** The part that the source itself assigns it to. */
  split?: 'train' | 'test';
};

/** A rating whose sign is the label, or a word for the label. */
export type Opinion = { rating: string | number } | { label: string };

/** A row that cannot be read. */
export type BadRow = {
  where: string;
  /** What is wrong with it. */
  problem: string;
};

export type Source = {
  /** Its name in reports, without passwords and signatures. */
  name: string;
  /** Can be iterated once. */
  items: AsyncIterable<Candidate | BadRow>;
  /** Deletes what was downloaded for this run. */
  close(): Promise<void>;
};
