/** A thread of answers.ts. */
import { workerData } from 'node:worker_threads';
import { answerTasks } from '../ml/threads.ts';
import { type Answered, answerOf, type ModelToRead, readModelOf } from './answers.ts';

const model = readModelOf(workerData as ModelToRead);

answerTasks((texts: readonly string[]): Answered[] => texts.map((text) => answerOf(model, text)));
