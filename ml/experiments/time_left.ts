/** How long a study will take: from what each kind of work has taken so far. */

/**
 * Seconds left when `elapsed` seconds brought what is `done`: as long again as the cost of what remains bears to the
 * cost of what is done, so threads and other load are in it. `seconds` are processor time. Undefined while there remains
 * a kind that has not been seen: kinds differ a thousandfold.
 */
export function secondsLeft(
  done: readonly { kind: string; seconds: number }[],
  remaining: readonly string[],
  elapsed: number,
): number | undefined {
  const sums = new Map<string, { seconds: number; count: number }>();
  let total = 0;
  for (const { kind, seconds } of done) {
    const sum = sums.get(kind) ?? { seconds: 0, count: 0 };
    sums.set(kind, { seconds: sum.seconds + seconds, count: sum.count + 1 });
    total += seconds;
  }
  let left = 0;
  for (const kind of remaining) {
    const seen = sums.get(kind);
    if (!seen) return undefined;
    left += seen.seconds / seen.count;
  }
  return total === 0 ? 0 : (elapsed * left) / total;
}

/** "8 s", "3 min 20 s". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
