/** A thread of predict.ts: reads pieces of a table, answers their rows and writes their lines. */
import { workerData } from 'node:worker_threads';
import { type Piece, rowsOfPiece } from '../ml/corpus/pieces.ts';
import { type Layout, throwRow } from '../ml/corpus/table.ts';
import { SentimentError } from '../ml/errors.ts';
import { answerTasks } from '../ml/threads.ts';
import { type AnsweredRows, type ModelToRead, RowAnswers, readModelOf, type Task } from './answers.ts';

export type PieceTask = { piece: Piece; first: boolean };

/** `failure` ends the reading, after the rows before it are written. */
export type PieceAnswer = AnsweredRows & {
  failure?: { message: string; code: string; next: string | undefined; exitCode: number };
};

const { model, task, layout } = workerData as { model: ModelToRead; task: Task; layout: Layout };
const answers = new RowAnswers(readModelOf(model), task);
const { name } = task;
const onBadRow = task.keepGoing
  ? answers.addBad.bind(answers)
  : (row: Parameters<typeof throwRow>[1]) => throwRow(name, row);

answerTasks(({ piece, first }: PieceTask): PieceAnswer => {
  try {
    for (const row of rowsOfPiece(piece, layout, { name, first, onBadRow })) answers.add(row);
    return answers.take();
  } catch (error) {
    if (!(error instanceof SentimentError)) throw error;
    const { message, code, next, exitCode } = error;
    return { ...answers.take(), failure: { message, code, next, exitCode } };
  }
});
