/** The checks of `doctor`: everything that was given is tried; the rest gets a line that says it was not given. */

import { type Arguments, awsClientsOf, trackingOf } from '../arguments.ts';
import { deployerRights } from '../deploy/rights.ts';
import { ecrHost, parseImageName } from '../image_name.ts';
import { kubeConfigOf } from '../release/cluster.ts';
import { examineAws, examineEcr, examinePermissions } from './aws.ts';
import { examineCluster, examineEks, examineEksVersions } from './eks.ts';
import { clusterConfig, examineEksctlYaml } from './eksctl_yaml.ts';
import type { Finding } from './finding.ts';
import { examineTracking } from './tracking.ts';

/** As in manifests/. */
const NAMESPACE = 'sentiment';
const RIGHTS = deployerRights('sentiment');

export async function examine(given: Arguments, to?: string): Promise<Finding[]> {
  return [...(await tracking(given)), ...(await aws(given, to)), ...(await givenCluster(given))];
}

async function tracking(given: Arguments): Promise<Finding[]> {
  const server = trackingOf(given);
  if (!server) return [{ what: 'tracking server: none given, each call starts its own' }];
  const password = (await server.password?.plaintext())?.trim();
  const token = (await server.token?.plaintext())?.trim();
  return [await examineTracking({ uri: server.uri, username: server.username, password, token })];
}

async function aws(given: Arguments, to?: string): Promise<Finding[]> {
  const clients = await awsClientsOf(given);
  if (!clients) return [{ what: 'AWS: no credentials given' }];
  const text = await given.source.file('eksctl.yaml').contents();
  const eksctl = clusterConfig(text);
  const home = to === undefined ? undefined : ecrHost(parseImageName(to).registry);
  const { findings, caller } = await examineAws(clients, { account: home?.account, region: home?.region });
  if (caller) findings.push(...examineEksctlYaml(text, { account: caller.account, region: clients.access.region }));
  if (to !== undefined) findings.push(...(await examineEcr(clients, to, caller)));
  if (eksctl.version) findings.push(await examineEksVersions(clients, eksctl.version));
  const { cluster } = given.target;
  if (caller && to !== undefined) {
    findings.push(await examinePermissions(clients, caller, { repository: parseImageName(to).repository, cluster }));
  }
  if (cluster === undefined) return findings;
  const wanted = { name: cluster, version: eksctl.version, namespace: NAMESPACE, rights: RIGHTS };
  return [...findings, ...(await examineEks(clients, wanted))];
}

async function givenCluster(given: Arguments): Promise<Finding[]> {
  if (!given.target.kubeconfig) return given.target.cluster ? [] : [{ what: 'cluster: none given' }];
  const kubeConfig = await kubeConfigOf(given.target, await awsClientsOf(given), 'doctor');
  return examineCluster(kubeConfig, { namespace: NAMESPACE, rights: RIGHTS });
}
