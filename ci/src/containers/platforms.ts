/** The platforms of the service's image. */
import { PipelineError } from '../errors.ts';

/** Those that the base image exists for. The engine takes any word and builds for its own. */
const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm64/v8', 'linux/ppc64le', 'linux/s390x'];

/** Throws PLATFORM. */
export function checkPlatform(platform: string | undefined): void {
  if (platform === undefined || PLATFORMS.includes(platform)) return;
  const next = `use one of ${PLATFORMS.join(', ')}`;
  throw new PipelineError('PLATFORM', `--platform is "${platform}", for which there is no image of Node`, { next });
}
