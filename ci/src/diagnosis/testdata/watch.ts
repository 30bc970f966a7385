/** A recording, looked at second by second as a rollout looks at its cluster. */
import type { Snapshot } from '../../deploy/snapshot.ts';
import { judge, noHistory, remember } from '../judge.ts';
import type { PatienceTable } from '../patience.ts';
import type { Verdict } from '../verdict.ts';
import { later } from './recorded.ts';

/** The verdict, and how many seconds of looking at the same picture it took; undefined when it never came. */
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
