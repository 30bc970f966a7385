/** The first question to an image that has arrived in a registry. */
import { type Container, dag } from '@dagger.io/dagger';
import { neverCached } from '../containers/pipeline.ts';
import { runStep } from '../steps/step.ts';
import type { Call } from './model.ts';
import type { Published } from './publish.ts';

/** For a container that finds the service as `app`. */
const QUESTION = `
  const response = await fetch('http://app:8080/predict', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'A wonderful film' }),
  });
  console.log(response.status, await response.text());
  if (!response.ok) process.exitCode = 1;
`;

/** Starts what was pushed, as a cluster would, and asks it. */
export async function ask(toolbox: Container, { reference, from }: Published, call: Call): Promise<string> {
  const { username, password, registryService } = from;
  const host = reference.split('/')[0];
  const start = username && password ? dag.container().withRegistryAuth(host, username, password) : dag.container();
  const service = start.from(reference, registryService && { registryService }).asService({ useEntrypoint: true });
  const asked = toolbox
    .withServiceBinding('app', service)
    .with(neverCached(call.when))
    .withExec(['node', '--input-type=module', '-e', QUESTION]);
  const step = { function: call.function, step: 'starts the pushed image and asks it for a prediction' };
  const answer = await runStep(step, () => asked.stdout());
  return `asked for "A wonderful film", it answers ${answer.trim()}`;
}
