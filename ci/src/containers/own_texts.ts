/**
 * A user's own texts: the files that params.yaml names, in the repository or under DVC (`dvc add`), and the credentials for
 * those in S3. Their names are nobody's business here: what params.yaml names is in the container.
 */
import type { Container, Directory, Secret } from '@dagger.io/dagger';
import type { AwsSignIn } from '../aws/sign_in.ts';
import { runStep } from '../step.ts';
import { namedTexts } from './parts.ts';
import { withAws } from './pipeline.ts';
import { SRC } from './toolbox.ts';

/**
 * The container with the user's files; those under DVC are pulled from the repository's own remote. The stage data_sources
 * sees when they change. Throws STEP_FAILED.
 */
export async function withOwnTexts(
  container: Container,
  { source, aws }: { source: Directory; aws: AwsSignIn<Secret> },
  functionName: string,
): Promise<Container> {
  const { paths, inS3 } = namedTexts(await source.file('params.yaml').contents());
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
