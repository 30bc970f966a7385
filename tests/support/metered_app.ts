/**
 * A service with metrics, small enough to read, that is sick in the ways that only its figures show. It runs on this machine's
 * Node, packed as an image. FAIL (a share of answers with 500), SLOW (milliseconds more), SWAP=1 (the other label), LEAK
 * (megabytes a second); a third of its answers is positive. To a POST the answer depends on the text alone.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layerOfFiles, type PushedImage, push, type Registry } from './cluster.ts';
import { nodeFiles } from './service_image.ts';

const program = `
import { createServer } from 'node:http';
const { FAIL = '0', SLOW = '0', SWAP = '', LEAK = '0' } = process.env;
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const buckets = [...bounds, Infinity].map(() => 0);
const answers = { '2xx': 0, '5xx': 0 };
const labels = [0, 0];
const kept = [];
let [sum, count, ending] = [0, 0, false];
setInterval(() => { if (LEAK !== '0') kept.push(Buffer.alloc(Number(LEAK) * 2 ** 20 / 4, 1)); }, 250);
const metrics = () => [
  ...Object.entries(answers).map(([status, n]) => 'app_response_count{endpoint="/predict",status="' + status + '"} ' + n),
  ...labels.map((n, label) => 'model_prediction_count{prediction="' + label + '"} ' + n),
  ...buckets.map((n, i) => 'app_request_latency_seconds_bucket{endpoint="/predict",le="' + (bounds[i] ?? '+Inf') + '"} ' + n),
  'app_request_latency_seconds_sum{endpoint="/predict"} ' + sum,
  'app_request_latency_seconds_count{endpoint="/predict"} ' + count,
].join('\\n') + '\\n';
const server = createServer((request, response) => {
  if (ending) response.setHeader('connection', 'close');
  if (request.url === '/metrics') return response.end(metrics());
  if (request.url === '/health/ready') return response.writeHead(ending ? 503 : 200).end('ok');
  const delay = 5 + Number(SLOW);
  setTimeout(async () => {
    const text = request.method === 'POST' ? JSON.parse((await request.toArray()).join('')).text : undefined;
    const isFailed = Math.random() < Number(FAIL);
    const seconds = delay / 1000;
    count++; sum += seconds; answers[isFailed ? '5xx' : '2xx']++;
    bounds.concat(Infinity).forEach((le, i) => { if (seconds <= le) buckets[i]++; });
    const isPositive = ((text?.length ?? count) % 3 === 0) !== (SWAP === '1');
    if (!isFailed) labels[isPositive ? 1 : 0]++;
    response.writeHead(isFailed ? 500 : 200).end(JSON.stringify({ label: isPositive ? 'positive' : 'negative' }));
  }, delay);
});
server.listen(8080, '0.0.0.0', () => console.log('listening on :8080'));
process.on('SIGTERM', () => { ending = true; setTimeout(() => server.close(() => process.exit()), 1000); });
`;

export async function pushMetered(registry: Registry): Promise<PushedImage> {
  const folder = await mkdtemp(join(tmpdir(), 'metered-'));
  try {
    const file = join(folder, 'app.mjs');
    await writeFile(file, program);
    const layers = [await layerOfFiles(await nodeFiles()), await layerOfFiles({ 'app.mjs': file })];
    const Entrypoint = ['/usr/local/bin/node', '/app.mjs'];
    return await push(registry, { name: 'metered', tag: 'v1', layers, config: { Entrypoint, User: '1000:1000' } });
  } finally {
    await rm(folder, { recursive: true });
  }
}
