/**
 * An HTTP server with answers of AWS that moto does not give: JSON for ECR and EKS, XML for IAM and STS. Each test supplies
 * the answers.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type AwsClients, awsClients } from '../clients.ts';

export type AwsCall = {
  /** Such as GetCallerIdentity; for EKS method and path. */
  action: string;
  /** The form of IAM and STS; the JSON of the others. */
  parameters: Record<string, unknown>;
};

/** A text is sent as it is, an object as JSON. */
export type AwsAnswer = { status?: number; body: object | string };

export type AwsDouble = { clients: AwsClients; actions(): string[]; stop(): Promise<void> };

export async function startAwsDouble(answer: (call: AwsCall) => AwsAnswer): Promise<AwsDouble> {
  const calls: AwsCall[] = [];
  const server = createServer(async (request, response) => {
    const call = await read(request);
    calls.push(call);
    const { status = 200, body } = answer(call);
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/xml' : 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
  const clients = awsClients({ region: 'eu-central-1', endpoint, credentials: { kind: 'keys', ...keys } });
  return {
    clients,
    actions: () => calls.map(({ action }) => action),
    async stop() {
      clients.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<AwsCall> {
  const body = await text(request);
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return { action: target.split('.')[1], parameters: JSON.parse(body) };
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    const parameters = Object.fromEntries(new URLSearchParams(body));
    return { action: parameters.Action, parameters };
  }
  return { action: `${request.method} ${request.url}`, parameters: {} };
}
