/**
 * Canaries: every credential that the project reads has a value of its own, and the real programs run with them, well and
 * badly, against servers that repeat in their answers whatever they were sent. Then everything that was written is searched.
 */
import { generateKeyPairSync } from 'node:crypto';
import { globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tagState } from '../ci/src/ecr/registry.ts';
import { hide } from '../ci/src/redact.ts';
import { paths } from '../ml/stages/paths.ts';
import { listen, stopListening } from './support/listen.ts';
import { need } from './support/need.ts';
import { type Finished, run } from './support/process.ts';
import { copyRepository, type Repository } from './support/repository.ts';
import { createTestModel, startService } from './support/service.ts';
import { sharedMlflow } from './support/shared.ts';
import { setParams, smallCorpus, useSmallCorpus } from './support/small_corpus.ts';
import { reportTrust } from './support/trust_report.ts';

const root = resolve(import.meta.dirname, '..');

/** Of the environment. */
const variables = [
  'MLFLOW_TRACKING_USERNAME',
  'MLFLOW_TRACKING_PASSWORD',
  'MLFLOW_TRACKING_TOKEN',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'DAGSHUB_USER_TOKEN',
] as const;
/** In addresses, files and answers. */
const places = [
  'password',
  'signature',
  'credential',
  'session',
  'redirect',
  'kubeconfig',
  'registry',
  'API key',
] as const;
type Place = (typeof variables)[number] | (typeof places)[number];
/** No value has a word of its name, so that a name in a message is no find. */
const secret = Object.fromEntries(
  [...variables, ...places].map((name, i) => [name, `c4n4ry${i}x${(7919 * (i + 11)).toString(36)}`.padEnd(32, '7')]),
) as Record<Place, string>;
const { privateKey: modelKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** What gives a canary away: itself, or in Basic authorization. A user's name alone opens nothing. */
const traces = new Map([
  ...Object.entries(secret).filter(([name]) => name !== 'MLFLOW_TRACKING_USERNAME'),
  ['MLFLOW_TRACKING as Basic', btoa(`${secret.MLFLOW_TRACKING_USERNAME}:${secret.MLFLOW_TRACKING_PASSWORD}`)],
  ['address as Basic', btoa(`ann:${secret.password}`)],
  ['registry as Basic', btoa(`AWS:${secret.registry}`)],
  ['SENTIMENT_MODEL_KEY', modelKey.split('\n')[1]],
]);
const found: string[] = [];
let searched = 0;

function search(where: string, content: string | Buffer): void {
  searched++;
  for (const [name, trace] of traces) if (content.includes(trace)) found.push(`${name} in ${where}`);
}

/** Links lead to what is installed. */
function searchFolder(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) search(path, readFileSync(path));
    else if (entry.isDirectory() && entry.name !== '.git') searchFolder(path);
  }
}

const told = (request: IncomingMessage) => `${request.method} ${request.url} ${JSON.stringify(request.headers)}`;

/** Refuses everything, and says in the words of each service what it was sent. */
const echo: RequestListener = (request, response) => {
  request.resume().on('end', () => {
    const said = told(request);
    if (request.headers['x-amz-date']) {
      const xml = `<Error><Code>SignatureDoesNotMatch</Code><Message>${said.replaceAll('"', '&quot;')}</Message></Error>`;
      response.writeHead(403, { 'content-type': 'application/xml' }).end(xml);
    } else {
      const body = { error_code: 'PERMISSION_DENIED', kind: 'Status', reason: 'Forbidden', message: said };
      response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
  });
};

const query = () =>
  `X-Amz-Credential=${secret.credential}&X-Amz-Security-Token=${secret.session}&X-Amz-Signature=${secret.signature}`;

/** Needs the password and the signature, then leads to a place that needs another one. */
const texts: RequestListener = (request, response) => {
  const isSigned = request.url?.startsWith('/signed?') && request.url.endsWith(secret.signature);
  if (isSigned && request.headers.authorization === `Basic ${btoa(`ann:${secret.password}`)}`) {
    response.writeHead(302, { location: `/reviews.csv?sig=${secret.redirect}` }).end();
  } else if (request.url === `/reviews.csv?sig=${secret.redirect}`) response.end(smallCorpus());
  else response.writeHead(403).end(`not ${told(request)}`);
};

if (need('mlflow') && need('dvc')) {
  let repository: Repository;
  const servers: Server[] = [];
  let env: Record<string, string | undefined>;
  let hosts: { echo: string; texts: string; mlflow: string };

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    return `127.0.0.1:${await listen(server)}`;
  }

  const node = async (args: string[], more: Record<string, string> = {}): Promise<Finished> => {
    const finished = await run(process.execPath, args, { cwd: repository.root, env: { ...env, ...more } });
    search(`the output of ${args[0]}`, finished.stdout + finished.stderr);
    return finished;
  };

  beforeAll(async () => {
    const { uri } = await sharedMlflow();
    // What MLflow is sent, it keeps.
    const recorder: RequestListener = async (request, response) => {
      const body = await buffer(request);
      search(
        `what MLflow got: ${request.method} ${request.url}`,
        Buffer.concat([Buffer.from(String(request.url)), body]),
      );
      const type = request.headers['content-type'];
      const answer = await fetch(`${uri}${request.url}`, {
        method: request.method,
        headers: type ? { 'content-type': type } : {},
        body: body.length > 0 ? new Uint8Array(body) : undefined,
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    };
    hosts = { echo: await serve(echo), texts: await serve(texts), mlflow: await serve(recorder) };
    repository = copyRepository({ installed: true });
    useSmallCorpus(repository.root);
    setParams(repository.root, {
      'data_ingestion.source': 'env:REVIEWS_URL',
      'register_model.experiment': 'canaries',
      'register_model.model_name': 'canaries',
    });
    env = {
      ...process.env,
      ...Object.fromEntries(variables.map((name) => [name, secret[name]])),
      SENTIMENT_MODEL_KEY: modelKey,
      REVIEWS_URL: `http://ann:${secret.password}@${hosts.texts}/signed?${query()}`,
      MLFLOW_TRACKING_URI: `http://ann:${secret.password}@${hosts.mlflow}`,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      DEBUG: '1',
    };
  });
  afterAll(async () => {
    for (const server of servers) await stopListening(server);
    repository?.remove();
  });

  test('the pipeline with a secret address leaves only the name of its variable: in files, dvc.lock, MLflow and the model', async () => {
    const finished = await node(['scripts/run.ts', 'pipeline']);
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(repository.root, paths.lock), 'utf8')).toContain('source: env:REVIEWS_URL');
    expect(readFileSync(join(repository.root, paths.model)).includes('env:REVIEWS_URL')).toBe(true);
    const signed = `http://${hosts.texts}/reviews.csv?sig=${secret.redirect}`;
    const args = ['cli/main.ts', 'train', '--data', signed, '--out', join(repository.root, 'mine.bin')];
    expect(await node(args)).toMatchObject({ code: 0 });
  });

  test.each([
    ['a server that repeats the sign-in', ['ml/stages/register_model.ts']],
    ['a server that repeats the sign-in, for the gate', ['ml/stages/promote_model.ts']],
    ['a server that repeats the sign-in, for going back', ['cli/main.ts', 'rollback-model', '--reason', 'a try']],
    ['texts whose server repeats the address', ['ml/stages/data_ingestion.ts']],
  ])('%s gets no secret into an error', async (_, args) => {
    const { code, stderr } = await node(args, {
      MLFLOW_TRACKING_URI: `http://ann:${secret.password}@${hosts.echo}`,
      REVIEWS_URL: `http://ann:${secret.password}@${hosts.echo}/signed?${query()}`,
    });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/403|does not accept|cannot/);
  });

  test('the service with a bucket that repeats the signature writes none of it', async () => {
    const model = await createTestModel();
    const keys = join(model.folder, 'keys');
    writeFileSync(keys, `ann ${secret['API key']}\n`);
    const service = await startService({
      ...Object.fromEntries(variables.map((name) => [name, secret[name]])),
      AWS_ENDPOINT_URL: `http://${hosts.echo}`,
      AWS_REGION: 'us-east-1',
      API_KEYS_FILE: keys,
      MODEL_URI: model.path,
      DRAIN_SECONDS: '0',
      GRACE_SECONDS: '1',
      FEEDBACK_TO: 's3://said/all',
      FEEDBACK_SPOOL: join(model.folder, 'spool'),
      FEEDBACK_UPLOAD_SECONDS: '0.1',
    });
    try {
      const body = JSON.stringify({ text: 'fine', label: 'positive' });
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${secret['API key']}` };
      const taken = await fetch(`${service.address}/feedback`, { method: 'POST', headers, body });
      expect(taken.status).toBe(200);
      // Almost the key.
      const wrong = { ...headers, authorization: `Bearer ${secret['API key']}8` };
      expect((await fetch(`${service.address}/feedback`, { method: 'POST', headers: wrong, body })).status).toBe(401);
      await service.prints('cannot upload feedback');
      search('the metrics', await (await fetch(`${service.address}/metrics`)).text());
    } finally {
      await service.stop();
    }
    search('the log of the service', service.output());
    rmSync(keys);
    searchFolder(model.folder);
    await model.remove();
  });

  test('the deployer, with an API server and a registry that repeat the token and the password', async () => {
    const kubeconfig = join(repository.root, 'kubeconfig');
    const cluster = { server: `http://${hosts.echo}` };
    const config = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: secret.kubeconfig } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    const { code } = await node(['ci/src/deploy/main.ts', 'diagnose', '--name', 'app', '--kubeconfig', kubeconfig]);
    writeFileSync(kubeconfig, '');
    expect(code).not.toBe(0);
    // As registryLogin does with the password that ECR issues.
    hide(secret.registry);
    const login = { host: hosts.echo, username: 'AWS', password: secret.registry };
    const error: unknown = await tagState(login, 'app', 'v1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'REGISTRY' });
    search('the error of the registry', String(error));
  });

  test('nothing was found in all that was written', () => {
    searchFolder(repository.root);
    reportTrust('Secrets', {
      attempt: `${traces.size} canaries in variables, addresses, kubeconfig, registry and key, against servers that repeat them`,
      figure: `${found.length} found in ${searched} files, outputs and requests`,
      holds: found.length === 0,
    });
    expect(searched).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });
}

test('every variable with a credential that the code names has a canary', () => {
  const files = globSync('{ml,service,cli,scripts,ci/src}/**/*.ts', { cwd: root });
  const known = new Set<string>([...variables, 'SENTIMENT_MODEL_KEY']);
  const named = files
    .filter((file) => !/\.test\.ts$|testdata/.test(file))
    .flatMap(
      (file) =>
        readFileSync(join(root, file), 'utf8').match(
          /\b(?:MLFLOW|AWS|DAGSHUB|SENTIMENT|UV)_[A-Z_]*(?:USERNAME|PASSWORD|TOKEN|SECRET|ACCESS_KEY|ACCESS_KEY_ID|MODEL_KEY)\b/g,
        ) ?? [],
    );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
