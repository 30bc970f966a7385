/** eksctl knows no variables: account and region stand in its file, and have to be those that one signs in to. */
import type { Finding } from './finding.ts';
import { clusterConfig } from './kubernetes_version.ts';

/** `text` of eksctl.yaml, and where the credentials are. Throws as the YAML parser. */
export function examineEksctlYaml(text: string, home: { account: string; region: string }): Finding[] {
  const { region } = clusterConfig(text);
  const findings: Finding[] = [];
  if (region !== home.region) {
    findings.push({
      what: 'eksctl.yaml',
      problem: `its region is ${region ?? 'missing'}, the release works in ${home.region}`,
      next: `write metadata.region: ${home.region} (and its availability zones), or --aws-region ${region}`,
    });
  }
  for (const account of accountsIn(text)) {
    if (account === home.account) continue;
    const problem = `it names a role of account ${account}, the credentials are of ${home.account}`;
    findings.push({ what: 'eksctl.yaml', problem, next: `write ${home.account} in its place` });
  }
  return findings.length > 0 ? findings : [{ what: `eksctl.yaml: account and region are ours` }];
}

/** Accounts of the ARNs in it, comments aside, each once. AWS's own policies have none. */
function accountsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const accounts = lines.flatMap((line) => [...line.matchAll(/\barn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/g)]);
  return [...new Set(accounts.map(([, account]) => account))];
}
