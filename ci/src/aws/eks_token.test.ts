import { expect, test } from 'vitest';
import { eksToken, eksTokenSource, stsHost } from './eks_token.ts';
import { verify } from './testdata/authenticator.ts';

const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const signer = { cluster: 'sentiment', region: 'eu-central-1', identity: async () => keys };
const MINUTE = 60_000;

test('follows all rules of the server, including the signature', async () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const { token, expiresAt } = await eksToken({ ...signer, now: () => now });
  const claim = verify(token, 'sentiment', keys.secretAccessKey);
  expect(claim).toMatchObject({ accessKeyId: keys.accessKeyId, region: 'eu-central-1', signedAt: new Date(now) });
  expect(claim.url.host).toBe('sts.eu-central-1.amazonaws.com');
  expect(expiresAt.getTime() - now).toBe(15 * MINUTE);
});

test('a session token is signed with the rest, with any character of base64', async () => {
  const sessionToken = `${'IQoJb3JpZ2luX2VjE'.repeat(60)}+/=`;
  const { token } = await eksToken({ ...signer, identity: async () => ({ ...keys, sessionToken }) });
  const claim = verify(token, 'sentiment', keys.secretAccessKey);
  expect(claim.url.searchParams.get('X-Amz-Security-Token')).toBe(sessionToken);
});

test('a session token that makes it too long for EKS is an error', async () => {
  const identity = async () => ({ ...keys, sessionToken: '/'.repeat(1500) });
  await expect(eksToken({ ...signer, identity })).rejects.toThrow(/the limit of EKS is 4096 \(EKS_TOKEN\)/);
});

test('is valid only for its own cluster and its own key', async () => {
  const { token } = await eksToken(signer);
  expect(() => verify(token, 'production', keys.secretAccessKey)).toThrow('the signature is wrong');
  expect(() => verify(token, 'sentiment', 'another')).toThrow('the signature is wrong');
});

test('is made once, and again two minutes before its end', async () => {
  let now = Date.UTC(2026, 10, 24, 12);
  let signed = 0;
  const source = eksTokenSource({
    ...signer,
    now: () => now,
    identity: async () => {
      signed++;
      return keys;
    },
  });
  const first = await source();
  expect(await Promise.all([source(), source()])).toEqual([first, first]);
  now += 12.9 * MINUTE;
  expect(await source()).toBe(first);
  expect(signed).toBe(1);
  now += 0.2 * MINUTE;
  const second = await source();
  expect(second).not.toBe(first);
  expect(verify(second, 'sentiment', keys.secretAccessKey).signedAt.getTime()).toBe(now);
});

test('a failure to sign is not cached', async () => {
  let isDown = true;
  const source = eksTokenSource({
    ...signer,
    identity: async () => {
      if (isDown) throw new Error('no session');
      return keys;
    },
  });
  await expect(source()).rejects.toThrow('no session');
  isDown = false;
  expect(await source()).toMatch(/^k8s-aws-v1\./);
});

test('uses the STS of the region and its partition', () => {
  expect(stsHost('us-east-1')).toBe('sts.us-east-1.amazonaws.com');
  expect(stsHost('cn-north-1')).toBe('sts.cn-north-1.amazonaws.com.cn');
});
