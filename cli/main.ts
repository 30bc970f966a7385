/**
 * `sentiment`: train, evaluate, predict, explain, export and serve from a shell, without DVC, MLflow or Python.
 *
 *     npm run -s sentiment -- predict "a film to remember"
 */

import { outputFailed, runMain } from '../ml/errors.ts';
import { runProgram } from './command_line.ts';
import { createProgram } from './program.ts';

// A closed pipe (`| head`) ends the program and is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  outputFailed(error);
});

// npm runs its scripts in the project's folder and passes on the folder that the person is in.
const { INIT_CWD: folder, npm_lifecycle_event: script } = process.env;
if (folder !== undefined && script === 'sentiment') process.chdir(folder);

await runMain(() => runProgram(createProgram(), process.argv.slice(2)));
