/** A real moto server (AWS's interfaces in memory) on a free loopback port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './listen.ts';
import { programPath } from './need.ts';

export type MotoServer = {
  uri: string;
  /** What an AWS client needs in its environment. */
  env: Record<string, string>;
  stop(): Promise<void>;
};

const TIMEOUT = 60_000;

/** Starts a server and returns when it answers. The caller must stop it. `host` differs for tests with several machines. */
export async function startMoto(host = '127.0.0.1'): Promise<MotoServer> {
  const program = programPath('moto');
  if (program === undefined) throw new Error('moto_server is not installed: ask need("moto") first');
  const port = await freePort();
  const uri = `http://${host}:${port}`;
  const server = spawn(program, ['-H', host, '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  server.stderr.on('data', (chunk) => {
    words = `${words}${chunk}`.slice(-2000);
  });
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    kill();
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    process.removeListener('exit', kill);
  };
  const deadline = Date.now() + TIMEOUT;
  while (!(await fetch(`${uri}/moto-api/`).catch(() => undefined))?.ok) {
    if (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    await stop();
    throw new Error(`moto did not start:\n${words}`);
  }
  const env = {
    AWS_ENDPOINT_URL: uri,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
  };
  return { uri, env, stop };
}

/** Calls a service in us-east-1 by its wire protocol and returns the parsed body. Throws on an error status. */
export async function askMoto(
  { uri }: MotoServer,
  service: string,
  headers: Record<string, string>,
  path: string,
  body: object,
): Promise<unknown> {
  const response = await fetch(`${uri}${path}`, {
    method: 'POST',
    // Moto reads the service from the signature and does not verify it.
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`moto ${service} ${path}: ${response.status} ${text.slice(0, 500)}`);
  return text === '' ? undefined : JSON.parse(text);
}
