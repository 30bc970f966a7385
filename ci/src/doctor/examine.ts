/** The checks of `doctor`: everything that was given is tried; the rest gets a line that says it was not given. */

import type { Secret } from '@dagger.io/dagger';
import { type Arguments, awsClientsOf, trackingOf } from '../arguments.ts';
import { deployerRights } from '../deploy/rights.ts';
import { PipelineError } from '../errors.ts';
import { ecrHost, parseImageName } from '../image_name.ts';
import { kubeConfigOf } from '../release/cluster.ts';
import { destinationOf, openDestination } from '../release/publish.ts';
import { examineAws, examineEcr, examinePermissions } from './aws.ts';
import { examineCluster, examineEks, examineEksVersions } from './eks.ts';
import { clusterConfig, examineEksctlYaml } from './eksctl_yaml.ts';
import type { Finding } from './finding.ts';
import { examineQuotas, needsOf } from './quotas.ts';
import { examineTracking } from './tracking.ts';

export type RegistryWords = { to?: string; username?: string; password?: Secret };

/** A tag that no image has. */
const PROBE = 'doctor';

/** As in manifests/. */
const NAMESPACE = 'sentiment';
const RIGHTS = deployerRights('sentiment');

export async function examine(given: Arguments, registry: RegistryWords): Promise<Finding[]> {
  const { to } = registry;
  return [
    ...(await tracking(given)),
    ...(await aws(given, to)),
    ...(await otherRegistry(registry)),
    ...(await givenCluster(given)),
  ];
}

async function tracking(given: Arguments): Promise<Finding[]> {
  const server = trackingOf(given);
  if (!server) return [{ what: 'tracking server: none given, each call starts its own', unchecked: true }];
  const password = (await server.password?.plaintext())?.trim();
  const token = (await server.token?.plaintext())?.trim();
  return [await examineTracking({ uri: server.uri, username: server.username, password, token })];
}

async function aws(given: Arguments, to?: string): Promise<Finding[]> {
  const clients = await awsClientsOf(given);
  if (!clients) return [{ what: 'AWS: no credentials given', unchecked: true }];
  const text = await given.source.file('eksctl.yaml').contents();
  const eksctl = clusterConfig(text);
  const home = to === undefined ? undefined : ecrHost(parseImageName(to).registry);
  const { findings, caller } = await examineAws(clients, { account: home?.account, region: home?.region });
  if (caller) findings.push(...examineEksctlYaml(text, { account: caller.account, region: clients.access.region }));
  if (home && to !== undefined) findings.push(...(await examineEcr(clients, to, caller)));
  if (eksctl.version) findings.push(await examineEksVersions(clients, eksctl.version));
  if (caller) findings.push(...(await examineQuotas(clients, needsOf(text))));
  const { cluster } = given.target;
  if (caller && home && to !== undefined) {
    findings.push(await examinePermissions(clients, caller, { repository: parseImageName(to).repository, cluster }));
  }
  if (cluster === undefined) return findings;
  const wanted = {
    name: cluster,
    version: eksctl.version,
    namespace: NAMESPACE,
    rights: RIGHTS,
    addOns: eksctl.addOns,
  };
  return [...findings, ...(await examineEks(clients, wanted))];
}

/** Asks a registry other than ECR for a tag that it need not have. Whether it takes a push, only a push shows. */
async function otherRegistry({ to, username, password }: RegistryWords): Promise<Finding[]> {
  if (to === undefined) return [{ what: 'registry: none given (--to)', unchecked: true }];
  const what = `registry of ${to}`;
  try {
    if (ecrHost(parseImageName(to).registry)) return [];
    const opened = await openDestination(await destinationOf({ to, username, password }, PROBE, async () => undefined));
    await opened.look(PROBE);
    return [{ what: `${what}: answers${username ? `, to ${username}` : ' without a user name'}` }];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { headline, evidence, next } = error;
    return [{ what, problem: [headline, ...evidence.slice(-1)].join(': '), next }];
  }
}

async function givenCluster(given: Arguments): Promise<Finding[]> {
  if (!given.target.kubeconfig) return given.target.cluster ? [] : [{ what: 'cluster: none given', unchecked: true }];
  const kubeConfig = await kubeConfigOf(given.target, await awsClientsOf(given), 'doctor');
  return examineCluster(kubeConfig, { namespace: NAMESPACE, rights: RIGHTS });
}
