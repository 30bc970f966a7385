/**
 * One call of an AWS service that speaks JSON, without its client: for services of which only one call is needed.
 * https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsClients } from './clients.ts';
import { dnsSuffix } from './eks_token.ts';

export type JsonCall = {
  /** Name in the host and in the signature, such as servicequotas. */
  service: string;
  /** Such as ServiceQuotasV20190624.GetServiceQuota. */
  target: string;
  body: object;
};

const TIMEOUT_MS = 10_000;

/** Throws an Error with AWS's name for it, and what fetch throws without an answer. */
export async function jsonCall(
  { access, identity }: Pick<AwsClients, 'access' | 'identity'>,
  { service, target, body }: JsonCall,
): Promise<unknown> {
  const { region, endpoint } = access;
  const url = new URL(endpoint ?? `https://${service}.${region}.${dnsSuffix(region)}`);
  const signer = new SignatureV4({ service, region, credentials: identity, sha256: Sha256 });
  const request = new HttpRequest({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: '/',
    headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: JSON.stringify(body),
  });
  const { headers } = await signer.sign(request);
  const { host: _, ...sent } = headers;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(url, { method: 'POST', headers: sent, body: request.body, signal });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  throw refusal(answer.status, text);
}

function refusal(status: number, text: string): Error {
  let said: { __type?: string; message?: string; Message?: string } = {};
  try {
    said = JSON.parse(text);
  } catch {
    // A proxy's page.
  }
  const name = said.__type?.split('#').at(-1) ?? `status ${status}`;
  return Object.assign(new Error(said.message ?? said.Message ?? name), { name });
}
