/** Do the credentials work, and are account and region the ones that are wanted? */
import type { AwsClients, Caller } from '../world/aws_clients.ts';
import { awsProblem } from '../world/aws_problem.ts';
import type { Finding } from './finding.ts';

export type WantedAws = { account?: string; region?: string };

/** Never throws: what goes wrong is a finding. `caller` is missing when STS did not say who we are. */
export async function examineAws(
  clients: AwsClients,
  wanted: WantedAws = {},
): Promise<{ findings: Finding[]; caller?: Caller }> {
  const { region } = clients.access;
  const findings: Finding[] = [];
  if (wanted.region !== undefined) {
    const isSame = wanted.region === region;
    findings.push({
      what: `region ${region}`,
      ...(!isSame && {
        problem: `${wanted.region} is wanted`,
        next: `--aws-region ${wanted.region}, or change what names ${wanted.region}`,
      }),
    });
  }
  try {
    const caller = await clients.caller();
    findings.push({ what: `AWS credentials: ${caller.arn}` }, accountFinding(caller, wanted.account));
    return { findings, caller };
  } catch (error) {
    const { problem, next } = awsProblem(error);
    findings.push({ what: `AWS credentials in ${region}`, problem, next });
    return { findings };
  }
}

function accountFinding({ account }: Caller, wanted?: string): Finding {
  const what = `account ${account}`;
  if (wanted === undefined || wanted === account) return { what };
  return {
    what,
    problem: `${wanted} is wanted`,
    next: `sign in to ${wanted}, or change what names it: the image's registry, the ARNs in eksctl.yaml`,
  };
}
