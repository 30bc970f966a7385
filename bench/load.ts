/**
 * Sends prediction requests over persistent connections, one at a time on each, and prints a Load as JSON: throughput, latencies,
 * and how many requests were refused. It speaks HTTP/1.1 on bare sockets, so that it costs less than the fastest of the servers.
 *
 *     node bench/load.ts PORT TEXTS.jsonl CONNECTIONS WARM_UP_SECONDS SECONDS [TEXTS_A_REQUEST]
 */
import { connect, type Socket } from 'node:net';
import { readReviews } from '../ml/corpus/reviews_file.ts';
import { runMain, SentimentError } from '../ml/errors.ts';

const [port, textsPath, connections, warmUp, seconds, batch = '1'] = process.argv.slice(2);
const size = Number(batch);

const texts = Array.from(readReviews(textsPath), ({ text }) => text);
const requests = Array.from({ length: Math.floor(texts.length / size) }, (_, i) => {
  const own = texts.slice(i * size, (i + 1) * size);
  const body = Buffer.from(JSON.stringify(size === 1 ? { text: own[0] } : { texts: own }));
  const head = `POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
});
const from = performance.now() + 1000 * Number(warmUp);
const until = from + 1000 * Number(seconds);
const latencies: number[] = [];
let next = 0;
let answered = 0;
let refused = 0;

export type Load = {
  /** Answers with a prediction, without those of the warm-up; p50 and p99 are their latencies in milliseconds. */
  requestsPerSecond: number;
  p50: number;
  p99: number;
  /** Answers with a prediction, with those of the warm-up. */
  answered: number;
  /** Answers 503: the server says that it has too much to do. */
  refused: number;
};

await runMain(async () => {
  await Promise.all(Array.from({ length: Number(connections) }, keepAsking));
  latencies.sort((a, b) => a - b);
  const result: Load = {
    requestsPerSecond: latencies.length / Number(seconds),
    p50: latencies[Math.floor(latencies.length * 0.5)],
    p99: latencies[Math.floor(latencies.length * 0.99)],
    answered,
    refused,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
});

/** Opens a new connection whenever one ends, because some servers close them after an answer. */
async function keepAsking(): Promise<void> {
  while (performance.now() < until) await askOver(connect(Number(port), '127.0.0.1'));
}

function askOver(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    let asked = 0;
    const ask = () => {
      asked = performance.now();
      socket.write(requests[next++ % requests.length]);
    };
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('connect', ask);
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (!isWhole(answer)) return;
      const now = performance.now();
      const isRefused = answer.startsWith('HTTP/1.1 503');
      if (!isRefused && (!answer.startsWith('HTTP/1.1 200') || !answer.includes('"probability"'))) {
        reject(new SentimentError('BENCH_ANSWER', `an answer is not a prediction: ${answer.slice(0, 300)}`));
        return;
      }
      answer = '';
      if (isRefused) refused++;
      else answered++;
      if (!isRefused && asked >= from && now <= until) latencies.push(now - asked);
      if (now < until) ask();
      else socket.destroy();
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, end))?.[1];
  if (length === undefined)
    throw new SentimentError('BENCH_ANSWER', `an answer has no Content-Length: ${answer.slice(0, 300)}`);
  return answer.length >= end + 4 + Number(length);
}
