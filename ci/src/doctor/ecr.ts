/** Is the repository there, and as a release wants it? One that is missing is made by the first release. */

import { ecrHost, parseImage } from '../image_name.ts';
import { findRepository, repositoryNameProblem } from '../registry/repository.ts';
import type { AwsClients, Caller } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import type { Finding } from './finding.ts';

/** `image` is registry/repository, as it is released to. Never throws. */
export async function examineEcr(clients: AwsClients, image: string, caller?: Caller): Promise<Finding[]> {
  const what = `image ${image}`;
  const parts = parseImage(image);
  if (!parts || parts.tag || parts.digest) {
    const next = 'such as 123456789012.dkr.ecr.eu-central-1.amazonaws.com/sentiment';
    return [{ what, problem: 'expected registry/repository without a tag', next }];
  }
  const host = ecrHost(parts.registry);
  if (!host) return [{ what: `${what}: its registry is not ECR, so ECR is not asked` }];
  const findings = hostFindings(what, host, clients.access.region, caller);
  const nameProblem = repositoryNameProblem(parts.repository);
  if (nameProblem) findings.push({ what: `repository ${parts.repository}`, problem: nameProblem, next: 'rename it' });
  if (findings.length > 0) return findings;
  return [{ what }, await repositoryFinding(clients, parts.repository)];
}

function hostFindings(
  what: string,
  host: { account: string; region: string },
  region: string,
  caller?: Caller,
): Finding[] {
  const findings: Finding[] = [];
  const at = (account: string, place: string) => `registry host ${account}.dkr.ecr.${place}...`;
  if (!/^\d{12}$/.test(host.account)) {
    const problem = `its account ${host.account} has ${host.account.length} digits, expected 12`;
    findings.push({ what, problem, next: at(caller?.account ?? '123456789012', region) });
  } else if (caller && host.account !== caller.account) {
    const problem = `it is in account ${host.account}, the credentials are of ${caller.account}`;
    findings.push({ what, problem, next: at(caller.account, region) });
  }
  if (host.region !== region) {
    const problem = `it is in ${host.region}, the release works in ${region}`;
    findings.push({ what, problem, next: at(host.account, region) });
  }
  return findings;
}

async function repositoryFinding(clients: AwsClients, name: string): Promise<Finding> {
  const what = `repository ${name}`;
  try {
    const found = await findRepository(clients, name);
    if (!found) return { what: `${what}: not there yet, the first release makes it` };
    if (found.imageTagMutability === 'IMMUTABLE') return { what: `${what}: its tags are immutable` };
    return { what: `${what}: its tags are ${found.imageTagMutability}, the next release makes them immutable` };
  } catch (error) {
    const { problem, next } = awsProblem(error);
    return { what, problem, next };
  }
}
