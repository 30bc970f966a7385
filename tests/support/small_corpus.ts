/** A corpus that trains in a moment, and settings under which its model passes the gate. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';

const praise = ['lovely', 'wonderful', 'moving', 'clever', 'funny', 'brilliant', 'charming', 'gripping'];
const blame = ['dreadful', 'boring', 'clumsy', 'tedious', 'empty', 'awful', 'silly', 'lifeless'];
const subjects = ['The film', 'This story', 'Her new play', 'The second half', 'Every scene', 'The ending'];
const endings = ['from start to end', 'and we said so', 'in its own way', 'as the first one was', 'to my surprise'];

/** 480 different reviews, half of them positive, as lines of CSV. */
export function smallCorpus(): string {
  const rows = subjects.flatMap((subject) =>
    endings.flatMap((ending) =>
      [...praise.map((word) => [word, 'positive']), ...blame.map((word) => [word, 'negative'])].map(
        ([word, label]) => `${subject} was ${word} ${ending}.,${label}`,
      ),
    ),
  );
  return `${['text,label', ...rows].join('\n')}\n`;
}

/** Writes reviews.csv into a repository and points params.yaml at it. */
export function useSmallCorpus(root: string): void {
  writeFileSync(join(root, 'reviews.csv'), smallCorpus());
  setParams(root, {
    'data_ingestion.source': 'reviews.csv',
    'model_building.target': 'hard',
    'model_evaluation.bootstrap_samples': 20,
    'promote_model.max_calibration_error': 1,
    'promote_model.min_behaviour_pass': 0,
  });
}

/** Settings without a default, which params.yaml does not show. */
const OPTIONAL = ['data_ingestion.classes'];

/** Changes settings by their path, as a person would in an editor. */
export function setParams(root: string, values: Record<string, unknown>): void {
  const path = join(root, 'params.yaml');
  const document = parseDocument(readFileSync(path, 'utf8'));
  for (const [key, value] of Object.entries(values)) {
    const steps = key.split('.');
    if (!document.hasIn(steps) && !OPTIONAL.includes(key)) throw new Error(`params.yaml has no ${key}`);
    document.setIn(steps, document.createNode(value));
  }
  writeFileSync(path, document.toString());
}
