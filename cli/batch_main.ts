/** `node batch.mjs`, the command `sentiment batch` in the service's image: batches and the service then share one model. */
import { runMain } from '../ml/errors.ts';
import { batchCommand } from './batch_command.ts';
import { refuseRepeats, runProgram } from './command_line.ts';

const program = batchCommand()
  .exitOverride()
  .configureOutput({ outputError: () => {} });
refuseRepeats(program);
await runMain(() => runProgram(program, process.argv.slice(2)));
