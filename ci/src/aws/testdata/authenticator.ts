/**
 * The rules by which EKS accepts or rejects a token, and AWS's signature computed independently with node:crypto. Rules: kubernetes-sigs/aws-iam-authenticator, pkg/token/token.go; signature: Signature Version 4,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto';

const ALLOWED = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);

export type Claim = { url: URL; accessKeyId: string; region: string; signedAt: Date };

/** Throws with the rule that the token breaks. */
export function verify(token: string, cluster: string, secretAccessKey: string): Claim {
  if (token.length > 4096) throw new Error('longer than 4096 bytes');
  if (!token.startsWith('k8s-aws-v1.')) throw new Error('not of version 1');
  const encoded = token.slice('k8s-aws-v1.'.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw new Error('not base64url without padding');
  const url = new URL(Buffer.from(encoded, 'base64url').toString('utf8'));
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.port !== '' || url.hash !== '') throw new Error('not STS');
  const names = [...url.searchParams.keys()].map((name) => name.toLowerCase());
  for (const name of names) if (!ALLOWED.has(name)) throw new Error(`${name} is not allowed`);
  if (new Set(names).size !== names.length) throw new Error('a parameter twice');
  const value = (name: string) => url.searchParams.get(name) ?? '';
  if (value('Action') !== 'GetCallerIdentity') throw new Error('another action');
  const expires = Number(value('X-Amz-Expires'));
  if (!(expires >= 0 && expires <= 900)) throw new Error('X-Amz-Expires is not 0 to 900');
  if (!value('X-Amz-SignedHeaders').split(';').includes('x-k8s-aws-id')) throw new Error('the cluster is not signed');
  if (signature(url, cluster, secretAccessKey) !== value('X-Amz-Signature')) throw new Error('the signature is wrong');
  const [accessKeyId, , region] = value('X-Amz-Credential').split('/');
  return { url, accessKeyId, region, signedAt: timeOf(value('X-Amz-Date')) };
}

function timeOf(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function signature(url: URL, cluster: string, secretAccessKey: string): string {
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort()
    .join('&');
  const headers = `host:${url.host}\nx-k8s-aws-id:${cluster}\n`;
  const request = ['GET', '/', query, headers, 'host;x-k8s-aws-id', sha256('')].join('\n');
  const [, ...scope] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/');
  const date = url.searchParams.get('X-Amz-Date');
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(request)].join('\n');
  const key = scope.reduce((secret: Buffer, part) => hmac(secret, part), Buffer.from(`AWS4${secretAccessKey}`));
  return hmac(key, text).toString('hex');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
