/** Constant load on a service: clients that keep their connection, and clients with a new one for each request. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Load = {
  /** Ends it and says what became of the requests. */
  stop(): Promise<LoadResult>;
};

export type LoadResult = {
  kept: number;
  fresh: number;
  /** Whatever was not a 200 within five seconds. No request is made a second time. */
  failures: string[];
};

const clients = { kept: 4, fresh: 2 };
const pauseMs = 15;
const timeoutMs = 5_000;

/** Begins when the first request is answered: before kube-proxy's first look at a Service a connection hangs. */
export async function startLoad(url: string, path = '/'): Promise<Load> {
  const deadline = Date.now() + 30_000;
  while ((await get(new URL(path, url), undefined)) !== undefined) {
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await sleep(100);
  }
  const result: LoadResult = { kept: 0, fresh: 0, failures: [] };
  let stopped = false;

  async function run(kind: 'kept' | 'fresh'): Promise<void> {
    const agent = kind === 'kept' ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    while (!stopped) {
      const begun = new Date();
      const fault = await get(new URL(path, url), agent);
      result[kind]++;
      if (fault !== undefined) result.failures.push(`${begun.toISOString()} ${kind}: ${fault}`);
      await sleep(pauseMs);
    }
    agent?.destroy();
  }

  const running = Object.entries(clients).flatMap(([kind, count]) =>
    Array.from({ length: count }, () => run(kind === 'kept' ? 'kept' : 'fresh')),
  );
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
      return result;
    },
  };
}

/** Undefined after a 200, else what happened. */
function get(url: URL, agent: Agent | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: agent ?? false, timeout: timeoutMs }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
      response.on('error', (error) => resolve(`answer broken off: ${error.message}`));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.on('error', (error) => resolve(`${error.message}${sent.reusedSocket ? ' on a kept connection' : ''}`));
    sent.end();
  });
}
