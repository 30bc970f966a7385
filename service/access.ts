/**
 * Who may ask for predictions, and how often. Both are off unless set.
 *
 * API_KEYS_FILE has a line per key: its name and the key, or the key's SHA-256. A client sends the key as
 * `Authorization: Bearer KEY`, as `X-API-Key: KEY`, or as the password of HTTP Basic authentication, which browsers ask for by
 * themselves. Keys are compared in constant time: the digests of both, with all keys in turn.
 *
 * RATE_LIMIT is per key, or without keys per address. It follows the generic cell rate algorithm (ITU-T I.371): one time per
 * client in a table of bounded size. A full table forgets the client that has been quiet for the longest.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { usageError } from '../ml/errors.ts';
import type { ServiceConfig } from './config.ts';
import { RequestError } from './request.ts';

const MOST_KEYS = 1000;
const LEAST_KEY_LENGTH = 16;
const MOST_CLIENTS = 10_000;

export const DENIALS = ['key', 'rate'] as const;
export type Denial = (typeof DENIALS)[number];

type Key = { name: string; digest: Buffer };

type Settings = Pick<ServiceConfig, 'apiKeysFile' | 'rateLimit' | 'rateBurst' | 'trustedProxies'>;

/** Is told of every request with a known key, and of every denied one. */
export type Watch = { asked(keyName: string): void; denied(reason: Denial): void };

export class Access {
  readonly #keys: readonly Key[];
  readonly #rate: RateLimit | undefined;
  readonly #proxies: number;
  readonly #watch: Watch;

  /** Throws API_KEYS with the file and the line that is wrong. */
  constructor(settings: Settings, watch: Watch) {
    const { apiKeysFile, rateLimit, rateBurst, trustedProxies } = settings;
    this.#keys = apiKeysFile === '' ? [] : readKeys(apiKeysFile);
    this.#rate = rateLimit > 0 ? new RateLimit(rateLimit, rateBurst) : undefined;
    this.#proxies = trustedProxies;
    this.#watch = watch;
  }

  get needsKey(): boolean {
    return this.#keys.length > 0;
  }

  get keyNames(): string[] {
    return this.#keys.map(({ name }) => name);
  }

  /** Throws RequestError: 401 without a known key, 429 above the rate. */
  check(request: IncomingMessage): void {
    if (!this.needsKey) {
      if (this.#rate) this.#take(this.#rate, addressOf(request, this.#proxies));
      return;
    }
    const key = this.#find(keyOf(request));
    // Whoever guesses keys is limited by address.
    if (this.#rate) this.#take(this.#rate, key ? `key ${key.name}` : addressOf(request, this.#proxies));
    if (!key) {
      this.#watch.denied('key');
      throw unauthorized(keyOf(request) !== undefined);
    }
    this.#watch.asked(key.name);
  }

  #find(given: string | undefined): Key | undefined {
    if (given === undefined) return undefined;
    const digest = sha256(given);
    let found: Key | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.digest, digest)) found = key;
    return found;
  }

  #take(rate: RateLimit, client: string): void {
    const wait = rate.take(client, performance.now());
    if (wait === 0) return;
    this.#watch.denied('rate');
    const seconds = Math.ceil(wait / 1000);
    throw new RequestError(429, 'TOO_MANY_REQUESTS', 'there were too many requests from here', {
      next: `send it again in ${seconds} s, or several texts in one request`,
      headers: { 'Retry-After': String(seconds) },
    });
  }
}

/** A client may send `burst` requests at once, and `perSecond` over time. */
export class RateLimit {
  readonly #interval: number;
  readonly #tolerance: number;
  /** When each client's next request would be due at a steady rate; the client quiet for the longest comes first. */
  readonly #due = new Map<string, number>();

  constructor(perSecond: number, burst: number) {
    this.#interval = 1000 / perSecond;
    this.#tolerance = this.#interval * (burst - 1);
  }

  get size(): number {
    return this.#due.size;
  }

  /** Returns 0 if the request may go on, or how many milliseconds are too early. `now` is in milliseconds. */
  take(client: string, now: number): number {
    const due = Math.max(now, this.#due.get(client) ?? 0);
    const early = due - now - this.#tolerance;
    if (early > 0) return early;
    this.#due.delete(client);
    this.#due.set(client, due + this.#interval);
    if (this.#due.size > MOST_CLIENTS) {
      const [oldest] = this.#due.keys();
      this.#due.delete(oldest);
    }
    return 0;
  }
}

function keyOf({ headers }: IncomingMessage): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const [, scheme, credentials] = /^(bearer|basic) +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}

/** The client's address. Behind proxies, the last of them that is not ours has written it. Of IPv6, the network of 64 bits. */
function addressOf({ headers, socket }: IncomingMessage, proxies: number): string {
  const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
  const address = (proxies > 0 && forwarded.at(-proxies)?.trim()) || (socket.remoteAddress ?? '');
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return isIPv6(plain) ? networkOf(plain) : plain.slice(0, 64);
}

function networkOf(address: string): string {
  const [head, tail] = address.split('::');
  const groups = head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')];
  return all.slice(0, 4).join(':');
}

function unauthorized(isGiven: boolean): RequestError {
  return new RequestError(401, 'API_KEY', isGiven ? 'this API key is not known' : 'this service needs an API key', {
    next: 'send it as "Authorization: Bearer KEY"',
    // Browsers ask for a password: the key, with any name.
    headers: { 'WWW-Authenticate': 'Bearer, Basic realm="API key as password", charset="UTF-8"' },
  });
}

function readKeys(file: string): Key[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError('API_KEYS', `cannot read API_KEYS_FILE ${file}: ${(cause as Error).message}`, HELP);
  }
  const keys = text.split(/\r?\n/).flatMap((line, i) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const [name, key, ...rest] = line.trim().split(/\s+/);
    const isName = /^[A-Za-z0-9_.-]{1,64}$/.test(name);
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(key ?? '') ?? [];
    if (!isName || key === undefined || rest.length > 0 || key.length < LEAST_KEY_LENGTH) {
      throw usageError(
        'API_KEYS',
        `line ${i + 1} of ${file} is not a name and a key of ${LEAST_KEY_LENGTH} characters or more`,
        HELP,
      );
    }
    return [{ name, digest: hex === undefined ? sha256(key) : Buffer.from(hex, 'hex') }];
  });
  const names = new Set(keys.map(({ name }) => name));
  if (keys.length === 0 || keys.length > MOST_KEYS || names.size < keys.length) {
    const what =
      keys.length === 0 ? 'no key' : names.size < keys.length ? 'a name twice' : `more than ${MOST_KEYS} keys`;
    throw usageError('API_KEYS', `${file} has ${what}`, HELP);
  }
  return keys;
}

const HELP = 'write a line per key: its name, a blank, and the key or sha256: with the SHA-256 of the key in hex';

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
