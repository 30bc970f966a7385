/**
 * What ECR holds, asked for one image. A kubelet only hears "not found"; ECR says whether it is the repository or the
 * image that is missing.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
 */
import {
  DescribeImagesCommand,
  type ECRClient,
  type ImageDetail,
  paginateDescribeImages,
  paginateDescribeRepositories,
} from '#aws/client-ecr';
import { awsProblem, errorName } from '../aws/errors.ts';

export type RepositoryId = { account: string; repository: string };

/** `cannot`: it cannot be read, with the reason. */
export type Look =
  | { state: 'there'; digest: string; tags: string[] }
  | { state: 'no-repository' }
  | { state: 'no-image' }
  | { state: 'cannot'; problem: string };

/** Limit of images and repositories to read, for "did you mean". */
const MOST = 2000;

/** Neither tag nor digest means `latest`, as for a runtime. Never throws. */
export async function lookAt(
  ecr: ECRClient,
  { account: registryId, repository: repositoryName }: RepositoryId,
  image: { tag?: string; digest?: string },
): Promise<Look> {
  // A runtime ignores the tag where there is a digest.
  const imageId = image.digest ? { imageDigest: image.digest } : { imageTag: image.tag ?? 'latest' };
  try {
    const answer = await ecr.send(new DescribeImagesCommand({ registryId, repositoryName, imageIds: [imageId] }));
    const [detail] = answer.imageDetails ?? [];
    return { state: 'there', digest: detail?.imageDigest ?? '', tags: detail?.imageTags ?? [] };
  } catch (error) {
    const name = errorName(error);
    if (name === 'RepositoryNotFoundException') return { state: 'no-repository' };
    if (name === 'ImageNotFoundException') return { state: 'no-image' };
    return { state: 'cannot', problem: awsProblem(error).problem };
  }
}

/** Names of the account's repositories; empty when they cannot be read. */
export async function repositoryNames(ecr: ECRClient, registryId: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const page of paginateDescribeRepositories({ client: ecr, pageSize: 1000 }, { registryId })) {
      names.push(...(page.repositories ?? []).flatMap(({ repositoryName }) => repositoryName ?? []));
      if (names.length >= MOST) break;
    }
  } catch {
    return names;
  }
  return names;
}

/** The newest first; empty when they cannot be read. */
export async function newestImages(ecr: ECRClient, { account, repository }: RepositoryId): Promise<ImageDetail[]> {
  const images: ImageDetail[] = [];
  const input = { registryId: account, repositoryName: repository };
  try {
    for await (const page of paginateDescribeImages({ client: ecr, pageSize: 1000 }, input)) {
      images.push(...(page.imageDetails ?? []));
      if (images.length >= MOST) break;
    }
  } catch {
    return images;
  }
  const time = ({ imagePushedAt }: ImageDetail) => imagePushedAt?.getTime() ?? 0;
  return images.sort((a, b) => time(b) - time(a));
}
