/** What to type when an image cannot be pulled. */
import { type ImageParts, parseImage } from '../image_name.ts';
import type { Cause } from './verdict.ts';

type About = {
  /** `-n namespace`. */
  flag: string;
  /** Of the Deployment. */
  name: string;
  container: string;
  image: string;
  pullPolicy?: string;
  /** The reference with its place put right, where another revision shows the place. */
  mended?: string;
};

export function imageAdvice(cause: Cause, about: About): string {
  const { flag, name, container, image, mended } = about;
  const parts = parseImage(image);
  const other = mended && `kubectl ${flag} set image deployment/${name} ${container}=${mended}`;
  // a registry that asks for a password may well be the right one
  if (other && parts && cause === 'image-no-credentials')
    return `${byCause(cause, parts, about)}; or, if that registry was not meant: ${other}`;
  if (other) return other;
  if (!parts) return 'write the image as registry/repository@sha256:..., in lower case';
  return byCause(cause, parts, about);
}

function byCause(cause: Cause, parts: ImageParts, { flag, container, image, pullPolicy }: About): string {
  const { registry, repository, tag, digest, account, region } = parts;
  const ecr = account ? `--registry-id ${account} --region ${region}` : undefined;
  const id = digest ? `imageDigest=${digest}` : `imageTag=${tag ?? 'latest'}`;
  switch (cause) {
    case 'image-forbidden':
      if (!ecr) return `ask who runs ${registry} for the right to pull ${repository}`;
      return `check the account and the rights: aws ecr get-repository-policy ${ecr} --repository-name ${repository}; the node role needs AmazonEC2ContainerRegistryPullOnly, and from another account the repository's policy must name it`;
    case 'image-no-credentials':
      if (ecr)
        return 'attach AmazonEC2ContainerRegistryPullOnly to the node role: aws iam attach-role-policy --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly --role-name <node role>';
      return `kubectl ${flag} create secret docker-registry pull --docker-server=${registry} --docker-username=... --docker-password=..., and name it in the pod's imagePullSecrets`;
    case 'image-not-found':
      if (pullPolicy === 'Never') return `set imagePullPolicy of container ${container} to IfNotPresent`;
      if (ecr) return `aws ecr describe-images ${ecr} --repository-name ${repository} --image-ids ${id}`;
      return `push ${image}, or deploy what is there: curl https://${registry}/v2/${repository}/tags/list`;
    case 'image-tls':
      return `put the authority that signed ${registry}'s certificate on the nodes (containerd: /etc/containerd/certs.d/${registry}/hosts.toml, ca = ...)`;
    case 'image-rate-limit':
      return `wait, pull less at once, or pull through a cache of your own (an ECR pull-through cache rule) instead of ${registry}`;
    case 'image-unreachable':
      return `from a node: curl -v https://${registry}/v2/ (the name, the route or VPC endpoint, the security group, the registry itself)`;
    case 'image-name':
      return `write the image of container ${container} as registry/repository@sha256:..., in lower case`;
    case 'image-architecture':
      return 'build the image for the architecture of the nodes (docker buildx build --platform linux/amd64,linux/arm64), or choose nodes with nodeSelector kubernetes.io/arch';
    case 'node-trouble':
      return 'free or enlarge the disk of the node, or drain it: kubectl drain <node> --ignore-daemonsets';
    default:
      return `kubectl ${flag} get events --field-selector reason=Failed, then pull ${image} by hand from a node: crictl pull ${image}`;
  }
}
