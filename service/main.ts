/** `node service/main.ts`: the service, configured by environment variables. */
import { parseArgs } from 'node:util';
import { runMain, usageError } from '../ml/errors.ts';
import { describeSettings, readConfig } from './config.ts';
import { runService } from './server.ts';

const help = () => `Serves a sentiment model over HTTP: a web page, POST /predict, and metrics for Prometheus.

usage: node service/main.ts [--help]

Settings are environment variables [default]:
${describeSettings()}

If MODEL_URI names a registered model, set MLFLOW_TRACKING_URI and the other variables of MLflow's client as well.

example: MODEL_URI=models/model.bin PORT=8081 node service/main.ts
`;

await runMain(async () => {
  if (askedForHelp()) process.stdout.write(help());
  else await runService(readConfig());
});

function askedForHelp(): boolean {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' } } }).values.help === true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw usageError('ARGUMENTS', message, 'settings are environment variables; --help lists them');
  }
}
