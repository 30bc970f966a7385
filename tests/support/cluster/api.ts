/** Kubernetes' HTTP interface with what a kubeconfig says, for the test support itself; tests use the real client. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';

export type Answer = { status: number; body: string };

/** Sends `body` as JSON. An answer of any status is an answer; throws only when none comes. */
export type Api = (method: string, path: string, body?: object) => Promise<Answer>;

type Entry<Name extends string> = { name: string } & Partial<Record<Name, Record<string, string | undefined>>>;
type Kubeconfig = {
  'current-context': string;
  contexts: Entry<'context'>[];
  clusters: Entry<'cluster'>[];
  users: Entry<'user'>[];
};

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/, with a certificate or a token, both in the file. */
export function apiOf(kubeconfig: string, more: Record<string, string> = {}): Api {
  const config: Kubeconfig = parse(readFileSync(kubeconfig, 'utf8'));
  const context = config.contexts.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  if (cluster?.server === undefined || user === undefined) {
    throw new Error(`${kubeconfig}: its current context names no cluster and user`);
  }
  if (user.token === undefined && user['client-key-data'] === undefined) {
    throw new Error(`${kubeconfig}: tests need a user with client-certificate-data and client-key-data, or a token`);
  }
  const decoded = (base64: string | undefined) => base64 && Buffer.from(base64, 'base64');
  const options = {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
    headers: {
      'content-type': 'application/json',
      ...(user.token !== undefined && { authorization: `Bearer ${user.token}` }),
      ...more,
    },
  };
  const { server } = cluster;
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const content = Buffer.from(body === undefined ? '' : JSON.stringify(body));
      // Without the length, which Node leaves out of a DELETE, the content would be taken for the next request.
      const headers = { ...options.headers, 'content-length': content.length };
      const sent = request(new URL(path, server), { ...options, headers, method }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      sent.on('error', reject);
      sent.end(content);
    });
}
