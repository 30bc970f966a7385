/** For tests: a server on loopback that answers each request in turn as a script says, and misbehaves when told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TrackingConfig } from '../../ml/tracking/config.ts';
import { listen, stopListening } from './listen.ts';

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

export type MisbehavingServer = {
  config: TrackingConfig;
  /** Method, path with query, and body of each request. */
  requests: { line: string; body: string }[];
  stop(): Promise<void>;
};

/** The last reply is given again to whatever comes after it. */
export async function startMisbehaving(replies: Reply[]): Promise<MisbehavingServer> {
  const requests: MisbehavingServer['requests'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ line: `${request.method} ${request.url}`, body: Buffer.concat(chunks).toString() });
      replies[Math.min(requests.length, replies.length) - 1](response, request);
    });
  });
  const port = await listen(server);
  const uri = `http://127.0.0.1:${port}`;
  return {
    config: { uri, authorization: undefined, timeout: 5000, retries: 2, pause: 1, rateLimitWait: 1000 },
    requests,
    stop: () => stopListening(server),
  };
}

export function reply(status: number, body: string | object, headers: Record<string, string> = {}): Reply {
  const isText = typeof body === 'string';
  const type = isText ? 'text/html; charset=utf-8' : 'application/json';
  return (response) =>
    response.writeHead(status, { 'content-type': type, ...headers }).end(isText ? body : JSON.stringify(body));
}

export const refusal = (status: number, errorCode: string, message: string): Reply =>
  reply(status, { error_code: errorCode, message });

/** Closes the connection without a word. */
export const hangUp: Reply = (_response, request) => request.socket.destroy();

/** Announces more than it sends, then closes the connection. */
export const breakOff =
  (body: string): Reply =>
  (response, request) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(body.length + 100) });
    response.write(body, () => setImmediate(() => request.socket.destroy()));
  };

export const silence: Reply = () => {};
