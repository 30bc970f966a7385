/**
 * Sends requests at a fixed rate, whatever becomes of the earlier ones, as many independent clients do; and asks /healthz on a new
 * connection every 100 ms, as a node does. Latencies count from the moment at which a request was due, so that a sender that is
 * behind hides nothing. With "closed" as the rate, three clients send without pause instead. Prints a Load as JSON.
 *
 *     node tests/support/open_loop.ts PORT BODY.json RATE SECONDS
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

export type Load = {
  /** Requests that were due. */
  due: number;
  /** Answers by status; `lost` connections ended without one, `silent` ones gave none until 10 s after the end; `unsent` had none free. */
  statuses: Record<string, number>;
  /** Milliseconds of the answers 200. */
  p50: number;
  p99: number;
  probes: number;
  /** Probes without an answer 200 within a second. */
  lateProbes: number;
  slowestProbe: number;
  /** Milliseconds from the end of the load until three requests in a row were answered within RECOVERED_MS. */
  recovery: number;
};

const [port, bodyPath, rate, seconds] = process.argv.slice(2);
const body = readFileSync(bodyPath);
const head = `POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
const request = Buffer.concat([Buffer.from(head), body]);
/** A browser or a balancer opens no more at once; what is due waits for a free one. */
const MOST_CONNECTIONS = 2000;
const PATIENCE_MS = 10_000;

const RECOVERED_MS = 250;
const CLOSED_CLIENTS = 3;
const isClosed = rate === 'closed';

const statuses = new Map<string, number>();
const latencies: number[] = [];
const idle: Client[] = [];
const waiting: number[] = [];
let open = 0;
let answered = 0;

class Client {
  readonly #socket: Socket;
  #due = 0;
  #got = '';
  #isBusy = false;

  constructor() {
    open++;
    this.#socket = connect(Number(port), '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      open--;
      const at = idle.indexOf(this);
      if (at >= 0) idle.splice(at, 1);
      if (this.#isBusy) this.#end('lost');
      serveWaiting();
    });
  }

  send(due: number): void {
    this.#due = due;
    this.#got = '';
    this.#isBusy = true;
    this.#socket.write(request);
  }

  #read(text: string): void {
    this.#got += text;
    const end = this.#got.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: *(\d+)/i.exec(this.#got.slice(0, end))?.[1] ?? 0);
    if (this.#got.length < end + 4 + length) return;
    const isLast = /connection: *close/i.test(this.#got.slice(0, end));
    this.#end(this.#got.slice(9, 12));
    if (isLast) this.#socket.destroy();
    else {
      idle.push(this);
      serveWaiting();
    }
  }

  #end(status: string): void {
    this.#isBusy = false;
    answered++;
    if (isClosed && performance.now() < until) waiting.push(nextDue());
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === '200') latencies.push(performance.now() - this.#due);
  }
}

function serveWaiting(): void {
  while (waiting.length > 0) {
    const client = idle.pop() ?? (open < MOST_CONNECTIONS ? new Client() : undefined);
    if (!client) return;
    client.send(waiting.shift()!);
  }
}

const probeTimes: number[] = [];
const LATE = 1000;

function probe(): void {
  const began = performance.now();
  const socket = connect(Number(port), '127.0.0.1');
  const end = (ms: number) => {
    clearTimeout(timer);
    socket.destroy();
    probeTimes.push(ms);
  };
  const timer = setTimeout(() => end(Number.POSITIVE_INFINITY), LATE);
  socket.on('error', () => {});
  socket.on('connect', () => socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'));
  socket.on('data', (chunk) => {
    if (chunk.toString('latin1').startsWith('HTTP/1.1 200')) end(performance.now() - began);
  });
}

async function recovered(): Promise<number> {
  for (let row = 0; performance.now() < until + PATIENCE_MS; ) {
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${port}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body,
    }).catch(() => undefined);
    await response?.arrayBuffer();
    const isQuick = response?.status === 200 && performance.now() - began < RECOVERED_MS;
    row = isQuick ? row + 1 : 0;
    if (row === 3) return performance.now() - until;
  }
  return Number.POSITIVE_INFINITY;
}

const from = performance.now();
const until = from + 1000 * Number(seconds);
let due = 0;

/** Of the closed loop. */
function nextDue(): number {
  due++;
  return performance.now();
}

const prober = setInterval(probe, 100);
await new Promise<void>((resolve) => {
  const tick = () => {
    const now = Math.min(performance.now(), until);
    if (isClosed && due === 0) for (let i = 0; i < CLOSED_CLIENTS; i++) waiting.push(nextDue());
    for (const wanted = isClosed ? 0 : Math.floor(((now - from) / 1000) * Number(rate)); due < wanted; due++) {
      waiting.push(from + (due / Number(rate)) * 1000);
    }
    serveWaiting();
    if (now < until) setTimeout(tick, 1);
    else resolve();
  };
  tick();
});
clearInterval(prober);
// What was not sent until the end was asked for too late.
const unsent = waiting.length;
waiting.length = 0;
const recovery = await recovered();
for (const end = performance.now() + PATIENCE_MS; answered < due - unsent && performance.now() < end; ) {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
if (due - unsent > answered) statuses.set('silent', due - unsent - answered);
if (unsent > 0) statuses.set('unsent', unsent);
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
const load: Load = {
  due,
  statuses: Object.fromEntries(statuses),
  p50: at(0.5),
  p99: at(0.99),
  probes: probeTimes.length,
  lateProbes: probeTimes.filter((ms) => ms >= LATE).length,
  slowestProbe: Math.max(...probeTimes.filter((ms) => ms < LATE)),
  recovery,
};
process.stdout.write(`${JSON.stringify(load)}\n`, () => process.exit());
