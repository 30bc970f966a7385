/** A registry from which layers come slowly, in front of one that is fast. */
import { createServer, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from './cluster.ts';
import { listen, stopListening } from './listen.ts';

/** Answers above this size are layers. */
const largeBytes = 100_000;
const pieces = 100;

export type SlowRegistry = {
  /** On all addresses of this machine. */
  port: number;
  stop(): Promise<void>;
};

/** Each layer takes `seconds`, whatever its size, and something of it comes all the time. */
export async function startSlowRegistry({ host }: Registry, seconds: number): Promise<SlowRegistry> {
  const server = createServer((inward, outward) => {
    const { method, url, headers } = inward;
    const passed = request(`http://${host}${url}`, { method, headers: { ...headers, host } }, async (answer) => {
      outward.writeHead(answer.statusCode ?? 502, answer.headers);
      const size = Number(answer.headers['content-length'] ?? 0);
      if (method !== 'GET' || size < largeBytes) return void answer.pipe(outward);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk);
      const layer = Buffer.concat(chunks);
      const step = Math.ceil(layer.length / pieces);
      for (let at = 0; at < layer.length && !outward.destroyed; at += step) {
        outward.write(layer.subarray(at, at + step));
        await sleep((seconds * 1000) / pieces);
      }
      outward.end();
    });
    passed.on('error', () => outward.destroy());
    inward.pipe(passed);
  });
  const port = await listen(server, '0.0.0.0');
  return { port, stop: () => stopListening(server) };
}
