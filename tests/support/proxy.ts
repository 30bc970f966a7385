/**
 * A small reverse proxy: puts a server behind a path prefix and a Bearer token, as DagsHub does, and can
 * cut a connection after the server has done what it was asked.
 */
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { listen, stopListening } from './listen.ts';

export type ReverseProxy = {
  uri: string;
  /** Method and path of every request that came, without the prefix. */
  seen: string[];
  stop(): Promise<void>;
};

export type ProxyOptions = {
  /** Address to listen on; loopback by default. */
  host?: string;
  /** Such as "/owner/repo.mlflow". */
  prefix?: string;
  /** Requests without this Bearer token get 401. */
  token?: string;
  /** Called before a request is passed on, which waits for it. */
  before?: (request: IncomingMessage) => Promise<void>;
  /** True to destroy the connection when the server's answer to this request is there, instead of passing it on. */
  cut?: (request: IncomingMessage) => boolean;
};

export async function startProxy(target: string, options: ProxyOptions = {}): Promise<ReverseProxy> {
  const { host = '127.0.0.1', prefix = '', token, before, cut = () => false } = options;
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401, { 'content-type': 'text/html' }).end('Unauthorized');
      return;
    }
    if (!request.url?.startsWith(`${prefix}/`)) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<!doctype html><title>Not found</title>');
      return;
    }
    const path = request.url.slice(prefix.length);
    await before?.(request);
    seen.push(`${request.method} ${path}`);
    const { authorization: _token, ...headers } = request.headers;
    const onward = forward(`${target}${path}`, {
      method: request.method ?? 'GET',
      headers: { ...(token === undefined ? request.headers : headers), host: new URL(target).host },
    });
    onward.on('response', (answer) => {
      if (cut(request)) {
        request.socket.destroy();
        answer.resume();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => request.socket.destroy());
    request.pipe(onward);
  });
  const port = await listen(server, host);
  return {
    uri: `http://${host}:${port}${prefix}`,
    seen,
    stop: () => stopListening(server),
  };
}
