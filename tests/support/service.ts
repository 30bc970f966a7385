/** The real service as a process, with a model that trains in a moment. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { saveModel } from '../../ml/model/artifact.ts';
import { readParams } from '../../ml/params.ts';
import { trainModel } from '../../ml/training.ts';
import { type Running, start } from './process.ts';
import { smallCorpus } from './small_corpus.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export type TestModel = { folder: string; path: string; remove(): Promise<void> };

/** Trains on the small corpus, with the settings of tests, into a folder of its own. */
export async function createTestModel(): Promise<TestModel> {
  const folder = await mkdtemp(join(tmpdir(), 'service-'));
  const path = join(folder, 'model.bin');
  const reviews = smallCorpus()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line, i) => {
      const [text, label] = line.split(',');
      return { id: String(i), text, label: label === 'positive' ? (1 as const) : (0 as const) };
    });
  saveModel(path, trainModel(reviews, readParams(join(ROOT, 'ml/testdata/params.yaml'))).parts);
  return { folder, path, remove: () => rm(folder, { recursive: true, force: true }) };
}

export type ServiceProcess = Running & { address: string; host: string; port: number };

/** Starts the program, whatever becomes of it; in a cgroup, if the file with its processes is given. */
export function runService(env: Record<string, string>, args: string[] = [], procs?: string): Running {
  const { MLFLOW_TRACKING_URI: _mine, ...inherited } = process.env;
  const command = [process.execPath, join(ROOT, 'service/main.ts'), ...args];
  const [program, ...rest] = procs ? ['sh', '-c', 'echo $$ >"$0" && exec "$@"', procs, ...command] : command;
  return start(program, rest, {
    cwd: ROOT,
    env: { ...inherited, PORT: '0', LOG_LEVEL: 'info', ...env },
  });
}

/** Starts it and waits until it listens; `until: 'ready'` (standard) until it has its model too. */
export async function startService(
  env: Record<string, string>,
  until: 'listening' | 'ready' = 'ready',
  procs?: string,
): Promise<ServiceProcess> {
  const running = runService(env, [], procs);
  await running.prints(`"msg":"${until}"`);
  const address = /"msg":"listening","address":"([^"]+)"/.exec(running.output())?.[1];
  if (address === undefined) throw new Error(`no address in ${running.output()}`);
  const { hostname, port } = new URL(address);
  return { ...running, address, host: hostname, port: Number(port) };
}

/** A connection that speaks HTTP byte by byte. */
export type RawConnection = {
  send(text: string): void;
  /** Takes the next whole answer; rejects when the connection ends without one. */
  answer(): Promise<Answer>;
  /** Resolves when the connection is over, with the error if there was one. */
  ended: Promise<Error | undefined>;
};

export type Answer = { status: number; head: string; body: string };

export function openConnection({ host, port }: { host: string; port: number }): RawConnection {
  const socket = connect(port, host);
  let received = '';
  let error: Error | undefined;
  let wake = () => {};
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
    wake();
  });
  socket.on('error', (thrown) => {
    error = thrown;
  });
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.on('close', () => {
      resolve(error);
      wake();
    });
  });
  const take = (): Answer | undefined => {
    const [head] = /^.*?\r\n\r\n/s.exec(received) ?? [];
    if (head === undefined) return undefined;
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (received.length < head.length + length) return undefined;
    const body = received.slice(head.length, head.length + length);
    received = received.slice(head.length + length);
    return { status: Number(head.split(' ')[1]), head, body };
  };
  return {
    send: (text) => void socket.write(text),
    answer: () =>
      new Promise((resolve, reject) => {
        wake = () => {
          const answer = take();
          if (answer) resolve(answer);
          else if (socket.destroyed) reject(error ?? new Error(`the connection ended after "${received}"`));
        };
        wake();
      }),
    ended,
  };
}
