/** What the service of bench/observe.ts measures, block by block. */

export const VARIANTS = [
  { name: 'neither', log: false, signals: false },
  { name: 'log', log: true, signals: false },
  { name: 'signals', log: false, signals: true },
  { name: 'both', log: true, signals: true },
] as const;

/** Of VARIANTS, by place; seconds for a request, of the processor and by the clock. */
export type Block = { variant: number; cpu: number; clock: number };

/** Each turn has all variants, and begins with another one than the last, so that none profits from its place. */
export function variantAt(block: number): number {
  return (block + Math.floor(block / VARIANTS.length)) % VARIANTS.length;
}

/** The whole turns, the blocks of each in the order of VARIANTS. `blocks` are all, from the first on. */
export function turnsOf(blocks: readonly Block[]): Block[][] {
  const { length } = VARIANTS;
  return Array.from({ length: Math.floor(blocks.length / length) }, (_, turn) =>
    blocks.slice(turn * length, (turn + 1) * length).sort((a, b) => a.variant - b.variant),
  );
}
