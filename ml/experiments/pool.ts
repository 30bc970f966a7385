/** Threads that take tasks in the order in which they come. */
import { Worker } from 'node:worker_threads';
import { SentimentError } from '../errors.ts';
import type { Answer, Learn, Outcome, Vectorize, Vectorized, WorkerData } from './worker.ts';

type Job = { task: Vectorize | Learn; resolve(result: Vectorized | Outcome): void; reject(error: Error): void };

export class Pool {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Job[] = [];
  readonly #running = new Map<Worker, Job>();

  constructor(size: number, data: WorkerData) {
    this.#workers = Array.from({ length: size }, () => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: data });
      worker.on('message', (answer: Answer) => this.#finish(worker, answer));
      worker.on('error', (error) => this.#fail(worker, error));
      return worker;
    });
    this.#idle = [...this.#workers];
  }

  /** Throws what the vectorizer throws. */
  async vectorize(task: Omit<Vectorize, 'kind'>): Promise<Vectorized> {
    const result = await this.#ask({ ...task, kind: 'vectorize' });
    if ('train' in result) return result;
    throw new Error('a worker answered another task');
  }

  /** Throws what the classifier throws. */
  async learn(task: Omit<Learn, 'kind'>): Promise<Outcome> {
    const result = await this.#ask({ ...task, kind: 'learn' });
    if ('probabilities' in result) return result;
    throw new Error('a worker answered another task');
  }

  /** Ends the threads, busy ones too. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #ask(task: Vectorize | Learn): Promise<Vectorized | Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#waiting.shift()!;
      this.#running.set(worker, job);
      worker.postMessage(job.task);
    }
  }

  #finish(worker: Worker, answer: Answer): void {
    const job = this.#running.get(worker);
    this.#running.delete(worker);
    this.#idle.push(worker);
    if ('result' in answer) job?.resolve(answer.result);
    else job?.reject(new SentimentError(answer.code, answer.error, { next: answer.next }));
    this.#next();
  }

  /** The thread is gone (out of memory, for one), which ends the study. */
  #fail(worker: Worker, error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const job = this.#running.get(worker);
    job?.reject(new SentimentError('WORKER_DIED', 'a thread of the study ended unexpectedly', { cause }));
  }
}
