/** What the service of bench/observe.ts measures, block by block. */

/** Taken in turn, in this order. */
export const VARIANTS = [
  { name: 'neither', log: false, signals: false },
  { name: 'log', log: true, signals: false },
  { name: 'signals', log: false, signals: true },
  { name: 'both', log: true, signals: true },
] as const;

/** Of VARIANTS, by place; seconds for a request, of the processor and by the clock. */
export type Block = { variant: number; cpu: number; clock: number };

/** Those of each turn, in the order of VARIANTS; what was measured before the first `neither` or after the last `both` is left out. */
export function turnsOf(blocks: readonly Block[]): Block[][] {
  const first = blocks.findIndex(({ variant }) => variant === 0);
  const count = first < 0 ? 0 : Math.floor((blocks.length - first) / VARIANTS.length);
  return Array.from({ length: count }, (_, turn) =>
    blocks.slice(first + turn * VARIANTS.length, first + (turn + 1) * VARIANTS.length),
  );
}
