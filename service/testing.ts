/** For tests: a model that can be checked by eye, and the application with it on a free port of this process. */
import { once } from 'node:events';
import { STANDARD_BOUNDS } from '../ml/model/profile.ts';
import type { Explanation, Model } from '../ml/model/types.ts';
import { Access } from './access.ts';
import { Admission } from './admission.ts';
import { type Environment, readConfig } from './config.ts';
import { Feedback } from './feedback/feedback.ts';
import { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { Predictor } from './predict.ts';
import type { ServedModel } from './served_model.ts';
import { createHttpServer } from './server.ts';
import type { ServiceState } from './service.ts';

/** good +2, fine +1, bad -2, awful -3, on top of a bias of 0.5. */
const WEIGHTS = new Map([
  ['good', 2],
  ['fine', 1],
  ['bad', -2],
  ['awful', -3],
]);
const BIAS = 0.5;

/** Ten training texts per signal. */
const { length, unknown_share, probability } = STANDARD_BOUNDS;
const profile: Model['profile'] = {
  version: 1,
  length: { bounds: [...length], counts: [0, 1, 2, 3, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0] },
  unknown_share: { bounds: [...unknown_share], counts: [1, 0, 0, 0, 0, 2, 3, 2, 2] },
  probability: { bounds: [...probability], counts: [3, 1, 0, 0, 1, 0, 1, 0, 1, 3] },
  mean_confidence: 0.85,
};

export const wordModel: Model = {
  facts: {
    dataDigest: 'd'.repeat(64),
    source: 'https://user:secret@example.test/reviews.csv?token=1',
    trainingTexts: 1234,
    params: {},
    metrics: { accuracy: 0.8125 },
    gitCommit: 'abc',
    trainedAt: '2026-11-01T00:00:00.000Z',
  },
  classes: ['negative', 'positive'],
  ordered: true,
  digest: 'a'.repeat(64),
  featureCount: WEIGHTS.size,
  profile,
  predict: (text) => explain(text),
  explain,
};

export const servedWords: ServedModel = {
  model: wordModel,
  name: 'words',
  version: '7',
  runId: 'run-1',
  source: 'registry',
};

function explain(text: string): Explanation {
  const words = [...text.matchAll(/[a-z]+/gi)].map(({ 0: word, index }) => ({
    text: word,
    start: index,
    end: index + word.length,
    contribution: WEIGHTS.get(word.toLowerCase()) ?? 0,
  }));
  const score = words.reduce((sum, { contribution }) => sum + contribution, BIAS);
  const known = words.filter(({ contribution }) => contribution !== 0).length;
  const probability = 1 / (1 + Math.exp(-score));
  const isPositive = probability > 0.5;
  return {
    class: isPositive ? 1 : 0,
    label: isPositive ? 'positive' : 'negative',
    probability,
    probabilities: [1 - probability, probability],
    confidence: isPositive ? probability : 1 - probability,
    score,
    tokens: words.length,
    unknownTokens: words.length - known,
    towards: 1,
    bias: BIAS,
    words,
    knownShare: words.length === 0 ? 0 : known / words.length,
  };
}

export const LIMITS = { MAX_BODY_BYTES: '2000', MAX_TEXT_LENGTH: '100', MAX_BATCH_SIZE: '3' };

export type OpenApp = {
  address: string;
  state: ServiceState;
  /** All log lines so far. */
  log(): string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
};

/** `env` adds settings. */
export async function openApp(served: ServedModel = servedWords, env: Environment = {}): Promise<OpenApp> {
  let lines = '';
  const log = new Log('info', (more) => {
    lines += more;
  });
  const config = readConfig({ ...LIMITS, GIT_COMMIT: 'fedcba', ...env });
  const metrics = new Metrics({ ofProcess: false, gitCommit: config.gitCommit, modelNote: config.modelNote });
  metrics.serving(served);
  const feedback = await Feedback.open(config, env, log);
  if (feedback) metrics.collecting(feedback);
  const predictor = new Predictor(served, config, (prediction) => metrics.prediction(prediction));
  const state: ServiceState = { phase: 'ready', predictor };
  const admission = new Admission(config, (reason) => metrics.refused(reason));
  const access = new Access(config, metrics);
  if (access.needsKey) metrics.knowKeys(access.keyNames);
  const server = createHttpServer({ config, state, metrics, log, admission, access, feedback }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('no free port');
  const address = `http://127.0.0.1:${bound.port}`;
  return {
    address,
    state,
    log() {
      log.flush();
      return lines;
    },
    post: (path, body, headers = {}) =>
      fetch(address + path, {
        method: 'POST',
        body:
          typeof body === 'string' || body instanceof Uint8Array
            ? new Uint8Array(Buffer.from(body))
            : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (path, headers = {}) => fetch(address + path, { headers, redirect: 'manual' }),
    async close() {
      server.close();
      server.closeAllConnections();
      log.flush();
      await feedback?.close(0);
      if (server.listening) await once(server, 'close');
    },
  };
}
