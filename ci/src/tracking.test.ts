import { expect, test } from 'vitest';
import { trackingAddress } from './tracking.ts';

test('without an address there is no tracking server', () => {
  expect(trackingAddress({})).toBeUndefined();
});

test('a path prefix stays, a slash at the end goes', () => {
  expect(trackingAddress({ uri: 'https://dagshub.com/me/repo.mlflow/' })).toBe('https://dagshub.com/me/repo.mlflow');
});

test.each([
  [{ token: 't' }, /no server/],
  [{ uri: 'mlflow.example.com' }, /"mlflow.example.com", expected an http/],
  [{ uri: 'sqlite:///mlflow.db' }, /expected an http/],
  [{ uri: 'https://me:secret@host' }, /which logs would show/],
  [{ uri: 'https://host', username: 'me', password: 'p', token: 't' }, /both given/],
  [{ uri: 'https://host', username: 'me' }, /belong together/],
  [{ uri: 'https://host', password: 'p' }, /belong together/],
])('refuses %o', (given, message) => {
  expect(() => trackingAddress(given)).toThrow(message);
});

test('a password in the address is not repeated in the message', () => {
  try {
    trackingAddress({ uri: 'https://me:hunter2@host' });
  } catch (error) {
    expect(String(error)).not.toContain('hunter2');
    return;
  }
  throw new Error('it was accepted');
});
