/** Watches a recording second by second, as a rollout watches its cluster. */
import type { Snapshot } from '../../kubernetes/snapshot.ts';
import { judge, noHistory, remember } from '../judge.ts';
import type { PatienceTable } from '../causes.ts';
import type { Verdict } from '../finding.ts';
import { later } from './recorded.ts';

/** The verdict, and after how many seconds of the same snapshot it came; empty when it never came. */
export function watch(snapshot: Snapshot, own?: PatienceTable, seconds = 120): { verdict?: Verdict; after?: number } {
  let history = noHistory;
  for (let after = 0; after <= seconds; after++) {
    const seen = later(snapshot, after);
    history = remember(seen, history);
    const verdict = judge(seen, history, own);
    if (verdict) return { verdict, after };
  }
  return {};
}
