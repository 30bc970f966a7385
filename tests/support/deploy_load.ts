/** Constant load on a service: some clients keep their connection, others open a new one for each request. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Load = {
  /** Stops the load and returns its result. */
  stop(): Promise<LoadResult>;
};

export type LoadResult = {
  /** Requests a second, over the whole time. */
  perSecond: number;
  kept: number;
  fresh: number;
  /** Everything but a 200 within five seconds. No request is retried. */
  failures: string[];
};

const usual = { kept: 4, fresh: 2 };
const pauseMs = 15;
const timeoutMs = 5_000;

/** A GET request, or a POST of the body as JSON. */
export type Question = { path: string; body?: object };

export type Connections = { kept: number; fresh: number };

/**
 * Starts after the first answer: until kube-proxy knows the Service, connections hang. `perSecond` requests over all clients, if
 * the machine can; without it as many as it can, with a pause. `connections`: how many clients keep theirs.
 */
export async function startLoad(
  url: string,
  question: Question = { path: '/' },
  { perSecond, connections = usual }: { perSecond?: number; connections?: Connections } = {},
): Promise<Load> {
  const everyMs = perSecond && (1000 * (connections.kept + connections.fresh)) / perSecond;
  const deadline = Date.now() + 30_000;
  while ((await ask(url, question, undefined)) !== undefined) {
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await sleep(100);
  }
  const result: LoadResult = { perSecond: 0, kept: 0, fresh: 0, failures: [] };
  const begunAt = performance.now();
  let stopped = false;

  async function run(kind: 'kept' | 'fresh'): Promise<void> {
    const agent = kind === 'kept' ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    while (!stopped) {
      const begun = new Date();
      const fault = await ask(url, question, agent);
      result[kind]++;
      if (fault !== undefined) result.failures.push(`${begun.toISOString()} ${kind}: ${fault}`);
      await sleep(everyMs ? Math.max(1, begun.getTime() + everyMs - Date.now()) : pauseMs);
    }
    agent?.destroy();
  }

  const running = Object.entries(connections).flatMap(([kind, count]) =>
    Array.from({ length: count }, () => run(kind === 'kept' ? 'kept' : 'fresh')),
  );
  return {
    async stop() {
      stopped = true;
      await Promise.all(running);
      result.perSecond ||= (1000 * (result.kept + result.fresh)) / (performance.now() - begunAt);
      return result;
    },
  };
}

/** Undefined after a 200, otherwise what happened. */
function ask(url: string, { path, body }: Question, agent: Agent | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = {
      method: body ? 'POST' : 'GET',
      headers: body && { 'content-type': 'application/json' },
      agent: agent ?? false,
      timeout: timeoutMs,
    };
    const sent = request(new URL(path, url), options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : `status ${response.statusCode}`));
      response.on('error', (error) => resolve(`incomplete answer: ${error.message}`));
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.on('error', (error) => resolve(`${error.message}${sent.reusedSocket ? ' on a kept connection' : ''}`));
    sent.end(body && JSON.stringify(body));
  });
}
