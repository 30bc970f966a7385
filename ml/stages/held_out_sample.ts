/**
 * Prints some of the held-out texts as questions for two revisions of the service, which the release compares before the new one
 * takes traffic (docs/deploy.md): one JSON object a line. Reports show the texts of the embedded corpora, which are published.
 * One's own texts go to the pods and are answered there; a report has only their places in data/raw/test.jsonl.
 */
import type { Review } from '../corpus/review.ts';
import { readReviews } from '../corpus/reviews_file.ts';
import { sourcesOf } from '../corpus/sources.ts';
import { runMain } from '../errors.ts';
import { readParams } from '../params.ts';
import { paths } from './paths.ts';

export type Question = { name: string; ask: { text: string } };

const SIZE = 300;
/** Longer ones would take long and say the same. */
const LONGEST = 2000;
const SHOWN = 80;

/** At most `size`, from all parts of the file. `isPublic`: a report may show the texts. */
export function sampleOf(reviews: Iterable<Review>, isPublic: boolean, size = SIZE): Question[] {
  const all = [...reviews].map((review, at) => ({ ...review, at })).filter(({ text }) => text.length <= LONGEST);
  const step = Math.max(1, all.length / size);
  const chosen = Array.from({ length: Math.min(size, all.length) }, (_, i) => all[Math.floor(i * step)]);
  return chosen.map(({ text, domain, at }) => {
    const place = `held-out text ${at + 1}`;
    const name = isPublic ? `"${text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text}"` : place;
    return { name: domain === undefined ? name : `${domain}: ${name}`, ask: { text } };
  });
}

if (import.meta.main) {
  await runMain(() => {
    const sources = sourcesOf(readParams().data_ingestion);
    const isPublic = sources.every(({ source, test_source }) => source.startsWith('embedded:') && !test_source);
    for (const question of sampleOf(readReviews(paths.rawTest), isPublic)) {
      process.stdout.write(`${JSON.stringify(question)}\n`);
    }
  });
}
