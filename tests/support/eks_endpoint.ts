/**
 * The sign-in of an EKS cluster's API server: TLS with an authority of its own, and tokens checked by the rules of the real
 * one (aws-iam-authenticator). The real one runs only in AWS.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '../../ci/src/aws/testdata/authenticator.ts';
import { listen, stopListening } from './listen.ts';
import { programPath } from './need.ts';

export type EksEndpoint = {
  url: string;
  /** PEM in base64, as in EKS. */
  caData: string;
  /** The tokens received so far, each once, in order. */
  tokens(): string[];
  stop(): Promise<void>;
};

export type EksUser = { cluster: string; secretAccessKey: string; now: () => number };

/** Milliseconds from signing. */
const LIFE = 15 * 60_000;

export async function startEksEndpoint({ cluster, secretAccessKey, now }: EksUser): Promise<EksEndpoint> {
  const { key, cert } = certificate();
  const tokens: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (!tokens.includes(token)) tokens.push(token);
    try {
      const { signedAt } = verify(token, cluster, secretAccessKey);
      if (now() > signedAt.getTime() + LIFE) throw new Error('the token has expired');
    } catch (error) {
      return answer(401, { kind: 'Status', status: 'Failure', message: 'Unauthorized', reason: String(error) });
    }
    if (request.url?.startsWith('/apis/authentication.k8s.io/v1/selfsubjectreviews')) {
      return answer(201, { kind: 'SelfSubjectReview', status: { userInfo: { username: 'release', groups: ['g'] } } });
    }
    if (request.url?.includes('watch=true')) {
      return answer(200, { type: 'ADDED', object: { kind: 'Pod', metadata: { name: 'p' } } });
    }
    answer(403, { kind: 'Status', status: 'Failure', message: 'pods is forbidden: User "release" cannot list them' });
  });
  const port = await listen(server);
  return {
    url: `https://127.0.0.1:${port}`,
    caData: Buffer.from(cert).toString('base64'),
    tokens: () => tokens,
    stop: () => stopListening(server),
  };
}

function certificate(): { key: string; cert: string } {
  const program = programPath('openssl');
  if (program === undefined) throw new Error('openssl is not installed: ask need("openssl") first');
  const folder = mkdtempSync(join(tmpdir(), 'eks-'));
  try {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
    const subject = ['-subj', '/CN=eks', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1'];
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync(program, args, { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
