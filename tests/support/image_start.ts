/** How the image starts the service, for tests that start it without a container engine. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const dockerfile = readFileSync(resolve(import.meta.dirname, '../../Dockerfile'), 'utf8');

/** The program and its arguments, as in the Dockerfile. */
export const entrypoint: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]');

/** NODE_OPTIONS that do in a process of the test what the image does in 256 MiB. */
export const in256MiB = entrypoint
  .filter((option) => option.startsWith('--'))
  .map((option) => option.replace(/-percentage=(\d+)$/, (_, percent) => `=${(256 * Number(percent)) / 100}`))
  .join(' ');
