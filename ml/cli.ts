/**
 * `sentiment`: train, evaluate, predict, explain, export and serve from a shell, without DVC, MLflow or Python.
 *
 *     npm run -s sentiment -- predict "a film to remember"
 */
import { runProgram } from './cli/program.ts';
import { runMain } from './errors.ts';

// Whoever reads the output may have seen enough (`| head`): that ends the program, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

await runMain(() => runProgram(process.argv.slice(2)));
