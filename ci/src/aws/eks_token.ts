/**
 * The token that tells EKS who calls: a signed but unsent request to STS, in base64url. The server sends the request and
 * trusts the answer of STS. A token is valid for 15 minutes from the time written in it.
 * https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/README.md#api-authorization-from-outside-a-cluster
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { PipelineError } from '../errors.ts';
import type { IdentityProvider } from './sign_in.ts';

export type EksToken = {
  token: string;
  /** When the server stops accepting it. */
  expiresAt: Date;
};

export type EksSigner = {
  /** Its name in EKS, not its ARN. */
  cluster: string;
  region: string;
  identity: IdentityProvider;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
};

const PREFIX = 'k8s-aws-v1.';
/** Bytes. */
const MAX_LENGTH = 4096;
/** How long the server accepts it, in milliseconds from signing. */
const LIFE = 15 * 60_000;
/** How long before its end we make a new one, in milliseconds: room for clocks that differ. */
const MARGIN = 2 * 60_000;

/** Throws EKS_TOKEN, or as the identity's provider. */
export async function eksToken({ cluster, region, identity, now = Date.now }: EksSigner): Promise<EksToken> {
  const host = stsHost(region);
  const signer = new SignatureV4({ service: 'sts', region, credentials: identity, sha256: Sha256 });
  const request = new HttpRequest({
    method: 'GET',
    protocol: 'https:',
    hostname: host,
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { host, 'x-k8s-aws-id': cluster },
  });
  const signedAt = new Date(now());
  // The server expects sixty seconds here and applies its own limit of 15 minutes.
  const { query } = await signer.presign(request, { expiresIn: 60, signingDate: signedAt });
  const parameters = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one ?? '')}`),
  );
  const url = `https://${host}/?${parameters.join('&')}`;
  const token = `${PREFIX}${Buffer.from(url).toString('base64url')}`;
  if (token.length > MAX_LENGTH) {
    const headline = `the token for ${cluster} is ${token.length} characters long; the limit of EKS is ${MAX_LENGTH}`;
    const next = 'sign in with a session that carries fewer tags and policies: its own token is too long';
    throw new PipelineError('EKS_TOKEN', headline, { next });
  }
  return {
    token,
    expiresAt: new Date(signedAt.getTime() + LIFE),
  };
}

/** A function that returns the current token and makes a new one two minutes before its end. It does not cache a failure. */
export function eksTokenSource(signer: EksSigner): () => Promise<string> {
  const now = signer.now ?? Date.now;
  let current: Promise<EksToken> | undefined;
  let renewAt = Number.POSITIVE_INFINITY;
  return async () => {
    if (current === undefined || now() >= renewAt) {
      renewAt = now() + LIFE - MARGIN;
      current = eksToken(signer);
    }
    const asked = current;
    try {
      return (await asked).token;
    } catch (error) {
      if (current === asked) current = undefined;
      throw error;
    }
  };
}

/** The region's own STS: outside the oldest regions the server does not accept the global one. */
export function stsHost(region: string): string {
  return `sts.${region}.${dnsSuffix(region)}`;
}

/** https://docs.aws.amazon.com/general/latest/gr/rande.html */
export function dnsSuffix(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn';
  if (region.startsWith('eusc-')) return 'amazonaws.eu';
  if (region.startsWith('us-iso-')) return 'c2s.ic.gov';
  if (region.startsWith('us-isob-')) return 'sc2s.sgov.gov';
  if (region.startsWith('us-isof-')) return 'csp.hci.ic.gov';
  if (region.startsWith('eu-isoe-')) return 'cloud.adc-e.uk';
  return 'amazonaws.com';
}
