/** Threads that take tasks in the order in which they come, and their side of it. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { describeError, SentimentError } from './errors.ts';

/** How many threads a training uses unless it is told: two where there are two processors. A thread uses no others. */
export function trainingThreads(): number {
  return isMainThread ? Math.min(2, availableParallelism()) : 1;
}

type Answer<Result> =
  | { result: Result }
  | { error: string; code: string; next: string | undefined; exitCode: number | undefined };

type Job<Task, Result> = { task: Task; resolve(result: Result): void; reject(error: Error): void };

/** A thread runs a script that calls `answerTasks`. Tasks and results are copied; shared buffers are not. */
export class Pool<Task, Result> {
  readonly #workers: Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Job<Task, Result>[] = [];
  readonly #running = new Map<Worker, Job<Task, Result>>();

  /** `data` is each thread's `workerData`. */
  constructor(size: number, script: URL, data: unknown) {
    this.#workers = Array.from({ length: size }, () => {
      const worker = new Worker(script, { workerData: data });
      worker.on('message', (answer: Answer<Result>) => this.#finish(worker, answer));
      worker.on('error', (error) => this.#fail(worker, error));
      return worker;
    });
    this.#idle = [...this.#workers];
  }

  /** Throws what the task throws in its thread, and WORKER_DIED. */
  ask(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#next();
    });
  }

  /** Ends the threads, busy ones too. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const worker = this.#idle.pop()!;
      const job = this.#waiting.shift()!;
      this.#running.set(worker, job);
      worker.postMessage(job.task);
    }
  }

  #finish(worker: Worker, answer: Answer<Result>): void {
    const job = this.#running.get(worker);
    this.#running.delete(worker);
    this.#idle.push(worker);
    if ('result' in answer) job?.resolve(answer.result);
    else job?.reject(new SentimentError(answer.code, answer.error, { next: answer.next, exitCode: answer.exitCode }));
    this.#next();
  }

  /** The thread is gone (out of memory, for one), which ends the work. */
  #fail(worker: Worker, error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const job = this.#running.get(worker);
    job?.reject(new SentimentError('WORKER_DIED', 'a thread ended unexpectedly', { cause }));
  }
}

/** For the script of a thread: answers each task with what `work` returns or throws. */
export function answerTasks<Task, Result>(work: (task: Task) => Result): void {
  parentPort?.on('message', (task: Task) => parentPort?.postMessage(answer(work, task)));
}

function answer<Task, Result>(work: (task: Task) => Result, task: Task): Answer<Result> {
  try {
    return { result: work(task) };
  } catch (error) {
    if (error instanceof SentimentError) {
      return { error: error.message, code: error.code, next: error.next, exitCode: error.exitCode };
    }
    return { error: describeError(error), code: 'THREAD_FAILED', next: undefined, exitCode: undefined };
  }
}
