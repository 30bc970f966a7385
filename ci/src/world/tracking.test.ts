import { expect, test } from 'vitest';
import { trackingAddress } from './tracking.ts';

const none = { hasPassword: false, hasToken: false };

test('without an address there is no tracking server', () => {
  expect(trackingAddress(none)).toBeUndefined();
});

test('a path prefix stays, a slash at the end goes', () => {
  expect(trackingAddress({ ...none, uri: 'https://dagshub.com/me/repo.mlflow/' })).toBe(
    'https://dagshub.com/me/repo.mlflow',
  );
});

test.each([
  [{ ...none, hasToken: true }, /no server/],
  [{ ...none, uri: 'mlflow.example.com' }, /"mlflow.example.com", expected an http/],
  [{ ...none, uri: 'sqlite:///mlflow.db' }, /expected an http/],
  [{ ...none, uri: 'https://me:secret@host' }, /which logs would show/],
  [{ uri: 'https://host', username: 'me', hasPassword: true, hasToken: true }, /both given/],
  [{ ...none, uri: 'https://host', username: 'me' }, /belong together/],
  [{ ...none, uri: 'https://host', hasPassword: true }, /belong together/],
])('refuses %o', (given, message) => {
  expect(() => trackingAddress(given)).toThrow(message);
});

test('a password in the address is not repeated in the message', () => {
  try {
    trackingAddress({ ...none, uri: 'https://me:hunter2@host' });
  } catch (error) {
    expect(String(error)).not.toContain('hunter2');
    return;
  }
  throw new Error('it was accepted');
});
