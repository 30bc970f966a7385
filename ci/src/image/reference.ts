/**
 * Names of images. A registry's address, a repository, a tag or digest:
 * `123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment:4f2c...`
 * https://github.com/distribution/reference/blob/main/reference.go
 */
import { PipelineError } from '../errors.ts';

export type ImageName = {
  /** Host, with a port if it has one. */
  registry: string;
  repository: string;
};

/** The tag of what was built from a commit. A working tree that differs from it must not pass for it. */
export function imageTag(commit: string, isClean: boolean): string {
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw wrong(`the commit is "${commit}", expected 40 hexadecimal digits`, 'see git rev-parse HEAD');
  return isClean ? commit : `${commit}-dirty`;
}

/** Splits `host[:port]/repository`. Throws IMAGE_NAME. */
export function parseImageName(address: string): ImageName {
  const match = /^([a-z0-9.-]+(?::\d+)?)\/([a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*)$/.exec(address);
  if (!match) {
    const next = 'such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment';
    throw wrong(`the image is to be published as "${address}", expected registry/repository without a tag`, next);
  }
  return { registry: match[1], repository: match[2] };
}

/** The reference by digest alone, from what a push answered. Throws IMAGE_NAME. */
export function byDigest(published: string): string {
  const match = /^(.+?)(?::[\w][\w.-]*)?@(sha256:[0-9a-f]{64})$/.exec(published);
  if (!match) throw wrong(`the registry answered "${published}", expected a reference with a digest`, 'try again');
  return `${match[1]}@${match[2]}`;
}

function wrong(headline: string, next: string): PipelineError {
  return new PipelineError('IMAGE_NAME', headline, { next });
}
