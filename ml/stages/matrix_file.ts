/** The file that feature_engineering passes to model_building: matrix, labels, and what else is known of its texts. */
import type { BlockRows, Csr } from '../features/csr.ts';
import { readSections, type Section, writeSections } from '../model/sections.ts';
import type { Labels } from '../weights.ts';

export type LabelledMatrix = Labels & {
  x: Csr;
  /** SHA-256 of the rows' labels and texts, see ml/corpus/review.ts. */
  dataDigest: string;
  /** Number of rows of each domain. */
  domains: Record<string, number>;
};

export function saveMatrix(path: string, { x, labels, ratings, weights, dataDigest, domains }: LabelledMatrix): void {
  const fields = { columnCount: x.columnCount, blocks: x.blocks ?? [], dataDigest, domains };
  const sections = new Map<string, Section>([
    ['start', x.start],
    ['columns', x.columns],
    ['values', x.values],
    ['labels', labels],
    ['ratings', ratings],
    ['weights', weights],
    ...(x.signs ? ([['signs', x.signs]] as const) : []),
  ]);
  writeSections(path, 'matrix', fields, sections);
}

/** Throws MODEL_MISSING or MODEL_DAMAGED. */
export function loadMatrix(path: string): LabelledMatrix {
  const { fields, section, sections } = readSections(path, 'matrix');
  const start = section('start', Uint32Array);
  return {
    x: {
      rowCount: start.length - 1,
      columnCount: Number(fields.columnCount),
      start,
      columns: section('columns', Uint32Array),
      values: section('values', Float32Array),
      signs: sections.has('signs') ? section('signs', Uint8Array) : undefined,
      blocks: fields.blocks as BlockRows[],
    },
    labels: section('labels', Uint8Array),
    ratings: section('ratings', Float64Array),
    weights: section('weights', Float64Array),
    dataDigest: String(fields.dataDigest),
    domains: fields.domains as Record<string, number>,
  };
}
