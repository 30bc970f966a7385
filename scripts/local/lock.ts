/** One pipeline run at a time in this folder. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SentimentError } from '../../ml/errors.ts';
import { paths } from '../../ml/stages/paths.ts';
import { isAlive } from './group.ts';

/** Returns what gives the lock back; so does the end of this process. Throws PIPELINE_BUSY. */
export function lockPipeline(root: string): () => void {
  const file = resolve(root, paths.local, 'pipeline.lock');
  mkdirSync(dirname(file), { recursive: true });
  if (!create(file)) {
    const holder = Number(readFileSync(file, 'utf8'));
    if (isAlive(holder)) {
      const message = `another pipeline run (process ${holder}) is at work in this folder`;
      throw new SentimentError('PIPELINE_BUSY', message, { next: 'wait until it has ended, or stop it' });
    }
    rmSync(file, { force: true });
    if (!create(file)) return lockPipeline(root);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  return () => {
    process.removeListener('exit', release);
    release();
  };
}

function create(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
