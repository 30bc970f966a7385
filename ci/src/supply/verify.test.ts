import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redact } from '../redact.ts';
import { dockerLogin, verifierOf } from './verify.ts';

const { publicKey } = generateKeyPairSync('ed25519');
const digest = `sha256:${'a'.repeat(64)}`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'docker-login-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function loginWith(text: string, registry: string) {
  writeFileSync(join(folder, 'config.json'), text);
  return dockerLogin(registry, { DOCKER_CONFIG: folder });
}

test('user name and password are those of docker login, also for Docker Hub, and nobody without one', async () => {
  const auth = Buffer.from('ann:s3cret:word').toString('base64');
  const entries = {
    'registry.example.com': { auth },
    'https://index.docker.io/v1/': { auth },
    'empty.example.com': {},
  };
  const text = JSON.stringify({ auths: entries });
  const ann = { username: 'ann', password: 's3cret:word' };
  expect(await loginWith(text, 'registry.example.com')).toEqual({ host: 'registry.example.com', ...ann });
  expect(await loginWith(text, 'docker.io')).toEqual({ host: 'registry-1.docker.io', ...ann });
  expect(redact(`no: s3cret:word ${auth}`, {})).toBe('no: *** ***');
  const nobody = { username: '', password: '' };
  expect(await loginWith(text, 'empty.example.com')).toEqual({ host: 'empty.example.com', ...nobody });
  expect(await loginWith(text, 'other.example.com')).toEqual({ host: 'other.example.com', ...nobody });
  expect(await loginWith('{}', 'other.example.com')).toEqual({ host: 'other.example.com', ...nobody });
  await expect(loginWith('not JSON', 'other.example.com')).rejects.toMatchObject({ code: 'REGISTRY_LOGIN' });
});

test('a reference that names no digest is never taken for signed', async () => {
  const verify = verifierOf(publicKey, async ({ registry }) => ({ host: registry, username: '', password: '' }));
  for (const reference of ['registry.example.com/app:v1', `Registry/UPPER@${digest}`])
    await expect(verify(reference)).rejects.toMatchObject({ code: 'IMAGE_NAME' });
});

test('a registry without TLS is asked as nobody, and its answer counts; a password is not sent there', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push(`${url} ${headers.authorization}`);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  // Another address than that of loopback, to which HTTPS is tried first.
  const host = `0.0.0.0:${(server.address() as AddressInfo).port}`;
  const reference = `${host}/app@${digest}`;
  try {
    const asNobody = verifierOf(publicKey, async () => ({ host, username: '', password: '' }));
    await expect(asNobody(reference)).rejects.toMatchObject({ code: 'IMAGE_UNSIGNED' });
    expect(asked).toEqual([`/v2/app/manifests/${digest.replace(':', '-')}.sig undefined`]);
    const asAnn = verifierOf(publicKey, async () => ({ host, username: 'ann', password: 's3cret' }));
    await expect(asAnn(reference)).rejects.toMatchObject({ code: 'REGISTRY' });
    expect(asked).toHaveLength(1);
  } finally {
    server.close();
  }
});
