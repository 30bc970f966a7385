/** Signatures of images in a real registry: who signed is checked before a deployment, whatever the registry answers. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RegistryLogin } from '../ci/src/ecr/registry.ts';
import { type SignedImage, signImage, verifyImage } from '../ci/src/supply/signature.ts';
import { credentials } from './support/cluster/facts.ts';
import { layerOfFiles, push } from './support/cluster/image.ts';
import { listen, stopListening } from './support/listen.ts';
import { need } from './support/need.ts';
import { type RegistryServer, startRegistry } from './support/registry.ts';
import { reportTrust } from './support/trust_report.ts';

if (need('docker-registry')) {
  describe('an image in a registry', () => {
    let registry: RegistryServer;
    let login: RegistryLogin;
    const release = generateKeyPairSync('ed25519');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

    beforeAll(async () => {
      registry = await startRegistry();
      login = { host: registry.host, username: credentials.user, password: credentials.password };
    });
    afterAll(() => registry.stop());

    async function pushed(name: string): Promise<SignedImage> {
      const image = { name, tag: 'v1', layers: [await layerOfFiles({ file: import.meta.filename })], config: {} };
      const { digest } = await push({ host: registry.host, ...credentials }, image);
      return { registry: registry.host, repository: name, digest };
    }

    async function manifest(repository: string, tag: string, change?: (text: string) => string): Promise<string> {
      const url = `http://${registry.host}/v2/${repository}/manifests/${tag}`;
      const authorization = `Basic ${btoa(`${credentials.user}:${credentials.password}`)}`;
      const type = 'application/vnd.oci.image.manifest.v1+json';
      const text = await (await fetch(url, { headers: { authorization, accept: type } })).text();
      if (change) {
        const headers = { authorization, 'content-type': type };
        const answer = await fetch(url, { method: 'PUT', headers, body: change(text) });
        expect(answer.status).toBe(201);
      }
      return text;
    }
    const tagOf = ({ digest }: SignedImage) => `${digest.replace(':', '-')}.sig`;

    test('without a signature is refused', async () => {
      const image = await pushed('unsigned');
      await expect(verifyImage(login, image, release.publicKey)).rejects.toMatchObject({ code: 'IMAGE_UNSIGNED' });
    });

    test.each([
      ['Ed25519', release],
      ['an elliptic curve', other],
    ])('signed with %s is accepted with that key and refused with another', async (name, key) => {
      const image = await pushed(`signed-${name === 'Ed25519' ? 1 : 2}`);
      expect(await signImage(login, image, key.privateKey, { commit: 'abc' })).toBe('signed');
      expect(await signImage(login, image, key.privateKey)).toBe('already signed');
      expect(await verifyImage(login, image, key.publicKey)).toContain(image.digest);
      const stranger = generateKeyPairSync('ed25519');
      await expect(verifyImage(login, image, stranger.publicKey)).rejects.toMatchObject({ code: 'IMAGE_SIGNATURE' });
      await expect(signImage(login, image, stranger.privateKey)).rejects.toMatchObject({ code: 'IMAGE_SIGNATURE' });
    });

    test("is stored as cosign stores it: the payload as the only layer, the signature in the layer's annotation", async () => {
      const image = await pushed('layout');
      await signImage(login, image, release.privateKey);
      expect(JSON.parse(await manifest(image.repository, tagOf(image)))).toMatchObject({
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        layers: [
          {
            mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
            annotations: { 'dev.cosignproject.cosign/signature': expect.stringMatching(/^[\w+/=]{86,}$/) },
          },
        ],
      });
    });

    test('is refused when a signature of another image is put beside it, or a changed one, or something else', async () => {
      const attempts: [string, (text: string) => string][] = [
        [
          'a signature with one letter changed',
          (text) => text.replace(/(signature":")(.)/, (_, a, b) => a + (b === 'A' ? 'B' : 'A')),
        ],
        ['no signature', (text) => text.replace(/"annotations":\{[^}]*\}/, '"annotations":{}')],
        ['a layer of another kind', (text) => text.replace('vnd.dev.cosign.simplesigning.v1', 'vnd.unknown')],
      ];
      let refused = 0;
      for (const [i, [, change]] of attempts.entries()) {
        const image = await pushed(`changed-${i}`);
        await signImage(login, image, release.privateKey);
        await manifest(image.repository, tagOf(image), change);
        await expect(verifyImage(login, image, release.publicKey)).rejects.toMatchObject({
          code: expect.stringMatching(/^IMAGE_(UNSIGNED|SIGNATURE)$/),
        });
        refused++;
      }
      // The whole signature of an image that we did release, under the name of one that we did not.
      const good = await pushed('borrowed');
      await signImage(login, good, release.privateKey);
      const bad = { ...good, digest: `sha256:${'0'.repeat(64)}` };
      const type = 'application/vnd.oci.image.manifest.v1+json';
      const borrowed = await fetch(`http://${registry.host}/v2/borrowed/manifests/${tagOf(bad)}`, {
        method: 'PUT',
        headers: {
          'content-type': type,
          authorization: `Basic ${btoa(`${credentials.user}:${credentials.password}`)}`,
        },
        body: await manifest('borrowed', tagOf(good)),
      });
      expect(borrowed.status).toBe(201);
      await expect(verifyImage(login, bad, release.publicKey)).rejects.toMatchObject({ code: 'IMAGE_SIGNATURE' });
      refused++;
      reportTrust('Supply chain', {
        attempt: 'images with changed, missing, foreign and borrowed signatures in a real registry',
        figure: `${refused} of ${attempts.length + 1} refused`,
        holds: refused === attempts.length + 1,
      });
    });
  });
}

test('a registry that wants a token first gets the user name and password there, and nowhere else', async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    seen.push(`${request.url} ${authorization.split(' ')[0]}`);
    if (request.url?.startsWith('/token')) response.end(JSON.stringify({ token: 'g1v3n-t0k3n' }));
    else if (authorization === 'Bearer g1v3n-t0k3n') response.writeHead(404).end();
    else {
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="r",scope="repository:app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
  });
  const host = `127.0.0.1:${await listen(server)}`;
  try {
    const image = { registry: host, repository: 'app', digest: `sha256:${'0'.repeat(64)}` };
    const { publicKey } = generateKeyPairSync('ed25519');
    const login = { host, username: 'me', password: 'secret-word' };
    await expect(verifyImage(login, image, publicKey)).rejects.toMatchObject({ code: 'IMAGE_UNSIGNED' });
    const path = `/v2/app/manifests/sha256-${'0'.repeat(64)}.sig`;
    expect(seen).toEqual([`${path} Basic`, '/token?service=r&scope=repository%3Aapp%3Apull Basic', `${path} Bearer`]);
  } finally {
    await stopListening(server);
  }
});
