/** Why a node may fail to run an image that ECR holds: another architecture, or a role without the right to pull. */

import type { V1PodSpec } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { awsProblem } from '../aws/errors.ts';
import type { ImageExplanation, ImageParts } from '../image_name.ts';
import { pullRights } from './pull_rights.ts';
import { imageFacts, registryLogin } from './registry.ts';

/** Facts that are missing are not checked. Both functions may throw. */
export type NodeFacts = {
  /** ARNs of the nodes' roles. */
  nodeRoles?: () => Promise<string[]>;
  /** Of the nodes that may run the pod, as in their label kubernetes.io/arch: amd64, arm64. */
  nodeArchitectures?: (pod: V1PodSpec | undefined) => Promise<string[]>;
};

type Options = NodeFacts & { clients: AwsClients; registryHost?: string };

export type FoundImage = { parts: ImageParts; pod?: V1PodSpec; digest: string; tags: string[] };

/** Adds its evidence to the explanation. Never throws. */
export async function explainPresent(
  image: FoundImage,
  options: Options,
  explanation: ImageExplanation,
): Promise<void> {
  const { parts, tags } = image;
  const { evidence } = explanation;
  const { region } = options.clients.access;
  if (parts.region !== region) evidence.push(`the cluster is in ${region}: its nodes pull across regions`);
  if (parts.tag && parts.digest && !tags.includes(parts.tag)) {
    evidence.push(`the tag ${parts.tag} is not on that digest; a runtime uses the digest`);
  }
  await Promise.all([explainArchitecture(image, options, explanation), explainRights(image, options, explanation)]);
}

async function explainArchitecture(
  { parts, pod, digest }: FoundImage,
  { clients, registryHost, nodeArchitectures }: Options,
  { evidence, differences }: ImageExplanation,
): Promise<void> {
  if (!nodeArchitectures) return;
  try {
    const there = clients.inRegion(parts.region ?? clients.access.region);
    const login = await registryLogin(there, registryHost ?? parts.registry);
    const [nodes, facts] = await Promise.all([nodeArchitectures(pod), imageFacts(login, parts.repository, digest)]);
    const built = [...new Set(facts?.platforms.map((platform) => platform.split('/')[1]))];
    if (built.length === 0)
      return void evidence.push(`${login.host} does not say which architectures the image supports`);
    const listed = nodes.join(', ') || 'none yet';
    evidence.push(`the image is for ${built.join(', ')}, the nodes that may run its pods are ${listed}`);
    // Where some can run it, the rollout shows whether the scheduler takes one of those.
    if (nodes.length === 0 || nodes.some((node) => built.includes(node))) return;
    differences.push({ part: 'architecture', found: built.join(', '), expected: nodes.join(', ') });
  } catch (error) {
    evidence.push(`its architectures cannot be read: ${awsProblem(error).problem}`);
  }
}

async function explainRights(
  { parts: { region, account, repository }, pod }: FoundImage,
  { clients, nodeRoles }: Options,
  explanation: ImageExplanation,
): Promise<void> {
  const { evidence } = explanation;
  if (!nodeRoles) return void evidence.push("the nodes' pull rights were not checked: their role is unknown");
  try {
    const roles = await nodeRoles();
    if (roles.length === 0)
      evidence.push("the nodes' pull rights were not checked: no managed node group names a role");
    for (const role of roles) {
      const partition = role.split(':')[1];
      const arn = `arn:${partition}:ecr:${region}:${account}:repository/${repository}`;
      const { denied, problem } = await pullRights(clients, role, arn);
      if (problem) evidence.push(`whether ${role} may pull is unknown: ${problem}`);
      else if (denied.length === 0) evidence.push(`${role} may pull it`);
      else {
        evidence.push(`${role} may not ${denied.join(', ')}`);
        // Its own credentials go before the role of the node.
        if (pod?.imagePullSecrets?.length) continue;
        const policy = `arn:${partition}:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly`;
        explanation.next = `aws iam attach-role-policy --role-name ${role.split('/').at(-1)} --policy-arn ${policy}`;
      }
    }
  } catch (error) {
    evidence.push(`the nodes' pull rights cannot be read: ${awsProblem(error).problem}`);
  }
}
