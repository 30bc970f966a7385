/**
 * A user's own texts: the files that params.yaml names, in the repository or under DVC (`dvc add`), and the credentials for
 * those in S3. Their names are nobody's business here: what params.yaml names is in the container.
 */
import type { Container, Directory, Secret } from '@dagger.io/dagger';
import type { AwsSignIn } from '../aws/sign_in.ts';
import { PipelineError } from '../errors.ts';
import { runStep } from '../step.ts';
import { namedTexts } from './parts.ts';
import { withAws } from './pipeline.ts';
import { SRC } from './toolbox.ts';

export type TextsSignIn = {
  aws: AwsSignIn<Secret>;
  /** Address of the texts, if params.yaml names a variable in its place: env:REVIEWS_URL. */
  texts?: Secret;
};

/**
 * The container with the user's files; those under DVC are pulled from the repository's own remote. The stage data_sources
 * sees when they change. Throws STEP_FAILED, and TEXTS if --texts does not fit params.yaml.
 */
export async function withOwnTexts(
  container: Container,
  { source, aws, texts }: TextsSignIn & { source: Directory },
  functionName: string,
): Promise<Container> {
  const { paths, inS3, variables } = namedTexts(await source.file('params.yaml').contents());
  if (texts && variables.length === 1) container = container.withSecretVariable(variables[0], texts);
  else if (texts || variables.length > 0) throw unclearAddress(variables, functionName);
  const files = source.filter({ include: paths.flatMap((path) => [path, `${path}.dvc`]) });
  const pointers = paths.length === 0 ? [] : await files.glob('**/*.dvc');
  const signedIn = pointers.length > 0 || inS3 ? container.with(withAws(aws)) : container;
  if (paths.length === 0) return signedIn;
  const ready = signedIn.withDirectory(SRC, files);
  if (pointers.length === 0) return ready;
  const pulled = ready.withExec(['dvc', 'pull', ...pointers]);
  const next = 'check the remote in .dvc/config, and give --aws-region with keys that may read it';
  await runStep({ function: functionName, step: `pulls ${pointers.join(', ')} with DVC`, next }, () => pulled.sync());
  return pulled;
}

function unclearAddress(variables: string[], functionName: string): PipelineError {
  const [headline, next] =
    variables.length === 0
      ? ['--texts was given, and no source of params.yaml is env:NAME', 'leave it out, or set source: env:REVIEWS_URL']
      : variables.length > 1
        ? [`params.yaml names ${variables.join(' and ')}, and --texts is one address`, 'name one variable only']
        : [`params.yaml reads texts from ${variables[0]}`, `add --texts=env:${variables[0]}`];
  return new PipelineError('TEXTS', `${functionName}: ${headline}`, { next });
}
