/** What `doctor` looks at: whatever was given is tried, and what was not is a line that says so. */
import { deployerRights } from './deploy/rights.ts';
import { examineAws } from './doctor/aws.ts';
import { examineEcr } from './doctor/ecr.ts';
import { examineCluster, examineEks } from './doctor/eks.ts';
import { examineEksVersions } from './doctor/eks_versions.ts';
import { examineEksctlYaml } from './doctor/eksctl_yaml.ts';
import type { Finding } from './doctor/finding.ts';
import { clusterConfig } from './doctor/kubernetes_version.ts';
import { examinePermissions } from './doctor/permissions.ts';
import { examineTracking } from './doctor/tracking.ts';
import { ecrHost, parseImageName } from './image_name.ts';
import { kubeConfigOf } from './release/cluster.ts';
import { awsClientsOf, type Settings, trackingOf } from './settings.ts';

/** As in manifests/. */
const NAMESPACE = 'sentiment';
const RIGHTS = deployerRights('sentiment');

export async function examine(settings: Settings, to?: string): Promise<Finding[]> {
  return [...(await tracking(settings)), ...(await aws(settings, to)), ...(await givenCluster(settings))];
}

async function tracking(settings: Settings): Promise<Finding[]> {
  const given = trackingOf(settings);
  if (!given) return [{ what: 'tracking server: none given, each call has its own' }];
  const password = await given.password?.plaintext();
  const token = await given.token?.plaintext();
  return [await examineTracking(given.uri, { username: given.username, password, token })];
}

async function aws(settings: Settings, to?: string): Promise<Finding[]> {
  const clients = await awsClientsOf(settings);
  if (!clients) return [{ what: 'AWS: no credentials given' }];
  const text = await settings.source.file('eksctl.yaml').contents();
  const eksctl = clusterConfig(text);
  const home = to === undefined ? undefined : ecrHost(parseImageName(to).registry);
  const { findings, caller } = await examineAws(clients, { account: home?.account, region: home?.region });
  if (caller) findings.push(...examineEksctlYaml(text, { account: caller.account, region: clients.access.region }));
  if (to !== undefined) findings.push(...(await examineEcr(clients, to, caller)));
  if (eksctl.version) findings.push(await examineEksVersions(clients, eksctl.version));
  const { cluster } = settings;
  if (caller && to !== undefined) {
    findings.push(await examinePermissions(clients, caller, { repository: parseImageName(to).repository, cluster }));
  }
  if (cluster === undefined) return findings;
  const wanted = { name: cluster, version: eksctl.version, namespace: NAMESPACE, rights: RIGHTS };
  return [...findings, ...(await examineEks(clients, wanted))];
}

async function givenCluster(settings: Settings): Promise<Finding[]> {
  if (!settings.kubeconfig) return settings.cluster ? [] : [{ what: 'cluster: none given' }];
  const kubeConfig = await kubeConfigOf(settings, await awsClientsOf(settings), 'doctor');
  return examineCluster(kubeConfig, { namespace: NAMESPACE, rights: RIGHTS });
}
