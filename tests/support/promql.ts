/** Questions to a Prometheus, wherever it is. https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE } from './patience.ts';

export type Sample = { metric: Record<string, string>; value: number };

export type PromQL = {
  /** An instant query. Throws what Prometheus says of a bad one. */
  query(expr: string): Promise<Sample[]>;
  /** Waits until the query gives samples that satisfy the condition; the last of them are in the error. */
  queryUntil(expr: string, holds: (samples: Sample[]) => boolean): Promise<Sample[]>;
  /** Alerts that fire now, without the Watchdog, which always does. */
  firing(): Promise<string[]>;
};

type Answer = { error?: string; data: { result: { metric: Record<string, string>; value: [number, string] }[] } };

/** `get` brings the body that Prometheus answers at a path such as /api/v1/query?query=up, whatever its status. */
export function promQL(get: (path: string) => Promise<string>): PromQL {
  const query = async (expr: string): Promise<Sample[]> => {
    const answer: Answer = JSON.parse(await get(`/api/v1/query?${new URLSearchParams({ query: expr })}`));
    if (answer.error !== undefined) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  };
  return {
    query,
    async queryUntil(expr, holds) {
      for (const deadline = Date.now() + PATIENCE; ; await sleep(100)) {
        const samples = await query(expr);
        if (holds(samples)) return samples;
        if (Date.now() > deadline) throw new Error(`after ${PATIENCE} ms ${expr} is ${JSON.stringify(samples)}`);
      }
    },
    async firing() {
      const samples = await query('ALERTS{alertstate="firing"}');
      const names = samples.map(({ metric }) => metric.alertname);
      return [...new Set(names)].filter((name) => name !== 'Watchdog').sort();
    },
  };
}
