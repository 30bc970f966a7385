/**
 * A user's own texts: the files that params.yaml names, in the repository or under DVC (`dvc add`), and the credentials for
 * those in S3. Their names are nobody's business here: what params.yaml names is in the container.
 */
import type { Container, Directory, Secret } from '@dagger.io/dagger';
import { parse } from 'yaml';
import type { AwsSignIn } from '../aws/sign_in.ts';
import { runStep } from '../step.ts';
import { withAws } from './pipeline.ts';
import { SRC } from './toolbox.ts';

export type NamedTexts = {
  /** Files and folders, relative to the repository. */
  paths: string[];
  inS3: boolean;
};

/** Of the text of params.yaml; what is wrong with it, the stages say. */
export function namedTexts(params: string): NamedTexts {
  const { source, sources, test_source }: Record<string, unknown> = parse(params)?.data_ingestion ?? {};
  const several = Array.isArray(sources) ? sources.map((own) => own?.source ?? own) : [source];
  const names = [...several, test_source].filter((name) => typeof name === 'string');
  const isPath = (name: string) => name !== '' && !/^(?:[a-z0-9]+:|\/|\.\.(?:\/|$))/.test(name);
  return {
    paths: names.filter(isPath).map((name) => name.replace(/^(?:\.\/)+/, '')),
    inS3: names.some((name) => name.startsWith('s3://')),
  };
}

/**
 * The container with the user's files; those under DVC are pulled from the repository's own remote. `own` tells whether there
 * are any: dvc.yaml cannot list them, so the first stage has to look at them each time. Throws STEP_FAILED.
 */
export async function withOwnTexts(
  container: Container,
  { source, aws }: { source: Directory; aws: AwsSignIn<Secret> },
  functionName: string,
): Promise<{ container: Container; own: boolean }> {
  const { paths, inS3 } = namedTexts(await source.file('params.yaml').contents());
  const files = source.filter({ include: paths.flatMap((path) => [path, `${path}.dvc`]) });
  const pointers = paths.length === 0 ? [] : await files.glob('**/*.dvc');
  const signedIn = pointers.length > 0 || inS3 ? container.with(withAws(aws)) : container;
  if (paths.length === 0) return { container: signedIn, own: false };
  const ready = signedIn.withDirectory(SRC, files);
  if (pointers.length === 0) return { container: ready, own: true };
  const pulled = ready.withExec(['dvc', 'pull', ...pointers]);
  const next = 'check the remote in .dvc/config, and give --aws-region with keys that may read it';
  await runStep({ function: functionName, step: `pulls ${pointers.join(', ')} with DVC`, next }, () => pulled.sync());
  return { container: pulled, own: true };
}
