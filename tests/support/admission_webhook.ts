/** An admission webhook that denies what it is asked about, over HTTPS with a certificate of its own. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { stopListening } from './listen.ts';

export type Webhook = {
  /** "https://10.200.0.1:41234/" */
  url: string;
  /** The same machine, where nobody listens. */
  deadUrl: string;
  /** As a webhook's configuration wants it: PEM in base64. */
  caBundle: string;
  stop(): Promise<void>;
};

/**
 * `address` is this machine as the API server reaches it; `message` is what whoever is denied gets to hear.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
 */
export async function startWebhook(address: string, message: string): Promise<Webhook> {
  const { key, cert } = makeCertificate(address);
  const server = createServer({ key, cert }, async (request, response) => {
    const { request: asked } = (await json(request)) as { request: { uid: string } };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: asked.uid, allowed: false, status: { message } },
      }),
    );
  });
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('the webhook has no port');
  return {
    url: `https://${address}:${bound.port}/`,
    deadUrl: `https://${address}:9/`,
    caBundle: Buffer.from(cert).toString('base64'),
    stop: () => stopListening(server),
  };
}

function makeCertificate(address: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=webhook -addext subjectAltName=IP:${address} -keyout ${key} -out ${cert}`;
  try {
    execFileSync('openssl', words.split(' '), { stdio: ['ignore', 'ignore', 'pipe'] });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
