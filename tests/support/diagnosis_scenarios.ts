/** All releases that fail, each in its own way, with what the verdict must say. A new one goes into the file of its family. */
import { causes } from '../../ci/src/diagnosis/causes.ts';
import { clusterScenarios } from './diagnosis_scenarios/cluster.ts';
import { imageScenarios } from './diagnosis_scenarios/images.ts';
import { podScenarios } from './diagnosis_scenarios/pods.ts';
import type { Scenario } from './diagnosis_scenarios/scenario.ts';

/** Slow ones first, because they run in parallel. */
export const scenarios: Scenario[] = [...clusterScenarios, ...podScenarios, ...imageScenarios].sort(
  (a, b) => patienceWith(b) - patienceWith(a),
);

function patienceWith({ cause }: Scenario): number {
  const { patience } = causes[cause];
  return patience === 'cannot heal' ? 0 : patience.seconds;
}
