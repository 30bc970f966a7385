/**
 * Processor time of this process in seconds, all its threads together: what the compiler and the garbage collector do
 * beside the main thread counts, and what other programs take from it does not.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
