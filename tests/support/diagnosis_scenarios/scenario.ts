/**
 * A release of the test app that fails, in its own way, after one that serves, for tests/diagnosis.test.ts.
 * `manifests` get the container's and the pod's parts; `image` is by digest or an address that fails.
 */

import type { Manifest } from '../../../ci/src/deploy/manifest.ts';
import type { Cause } from '../../../ci/src/diagnosis/causes.ts';
import type { Snapshot } from '../../../ci/src/kubernetes/snapshot.ts';
import type { Cluster, PushedImage } from '../cluster.ts';
import { appManifests } from '../deploy.ts';

type DeploymentSpec = NonNullable<Snapshot['deployment']['spec']>;
type PodSpec = NonNullable<DeploymentSpec['template']['spec']>;
type Container = PodSpec['containers'][number];

/** The account whose registry serves, and one that refuses: names of ECR, registries of the cluster behind them. */
export const ecr = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';
export const wrongEcr = '210987654321.dkr.ecr.eu-central-1.amazonaws.com';

export type Images = {
  good: PushedImage;
  /** Its program runs on no processor. */
  garbage: PushedImage;
  /** Its layer is not an archive. */
  broken: PushedImage;
};

/** What the webhook checks, and whether it answers: if it does, it denies. */
export type WebhookUse = { of: 'pods' | 'deployments'; answers: boolean };

export type Scenario = {
  title: string;
  cause: Cause;
  /** In the verdict's headline. */
  says: RegExp;
  /** In its evidence. */
  shows?: RegExp;
  /** In the next step. */
  mends?: RegExp;
  image?: (cluster: Cluster, images: Images) => string;
  container?: Partial<Container>;
  pod?: Partial<PodSpec>;
  spec?: Partial<DeploymentSpec>;
  /** Of the Service, in the release that should fail. */
  ports?: object[];
  /** Objects and labels of the namespace, created before the first release. */
  quota?: Record<string, string>;
  podSecurity?: string;
  hasPolicy?: boolean;
  webhook?: WebhookUse;
  /** The pods go to a node that has no kubelet. */
  onDeadNode?: boolean;
  /** By name: its data. */
  configMap?: Record<string, Record<string, string>>;
};

/** Of a container. */
export const requests = (cpu: string) => ({ resources: { requests: { cpu } } });

/** The previous release, which serves. */
export function goodManifests(namespace: string, { quota, spec }: Scenario): Manifest[] {
  const strategy = spec?.strategy && { strategy: spec.strategy };
  return appManifests(namespace, {
    replicas: 1,
    spec: { ...strategy },
    container: { ...quick, ...(quota && requests('10m')) },
  });
}

export function badManifests(
  namespace: string,
  { container, pod, spec, ports }: Pick<Scenario, 'container' | 'pod' | 'spec' | 'ports'>,
  image: string,
): Manifest[] {
  const manifests = appManifests(namespace, { replicas: 1, spec, container: { ...quick, ...container } });
  return manifests.map((object) => {
    if (object.kind === 'Service' && ports)
      return Object.assign({ ...object }, { spec: { ...(object as { spec?: object }).spec, ports } });
    if (object.kind !== 'Deployment' || !pod) return object;
    const deployment = object as Manifest & { spec: DeploymentSpec };
    const initContainers = pod.initContainers?.map((each) => ({ ...each, image }));
    Object.assign(deployment.spec.template.spec!, pod, initContainers && { initContainers });
    return deployment;
  });
}

/** No request is in flight here, so pods need not drain. */
const quick: Partial<Container> = { lifecycle: undefined };
