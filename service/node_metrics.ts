/** prom-client's measures of the Node process, without the one thing about them that moves: the number of their series. */
import { collectDefaultMetrics, Histogram, type Registry } from 'prom-client';

// One series for each kind of handle of the moment, so that whoever connects makes one. Their sums, ..._total, stay.
const BY_KIND = ['nodejs_active_handles', 'nodejs_active_requests', 'nodejs_active_resources'];
const COLLECTIONS = ['major', 'minor', 'incremental', 'weakcb'];

export function collectNodeMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of BY_KIND) register.removeSingleMetric(name);
  const collections = register.getSingleMetric('nodejs_gc_duration_seconds');
  if (collections instanceof Histogram) for (const kind of COLLECTIONS) collections.zero({ kind });
}
