/** Checks of eksctl.yaml: its account, region and Kubernetes version, and the eksctl that is to create the cluster. */
import { parse } from 'yaml';
import type { Finding } from './finding.ts';

/** `metadata` of eksctl.yaml, and the names of its add-ons. */
export type ClusterConfig = { name?: string; region?: string; version?: string; addOns: string[] };

export type Supported = {
  version: string;
  /** STANDARD_SUPPORT, EXTENDED_SUPPORT or UNSUPPORTED. */
  status: string;
  /** The day on which standard support ends. */
  end?: Date;
};

/** Days before the end of support at which it becomes a fault. */
const SOON = 60;
const DAY = 86_400_000;

/** `text` is an eksctl.yaml. Throws as the YAML parser. */
export function clusterConfig(text: string): ClusterConfig {
  const config: unknown = parse(text);
  const metadata: unknown =
    typeof config === 'object' && config !== null && 'metadata' in config ? config.metadata : {};
  const field = (name: string) => {
    const value: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, name) : undefined;
    return value === undefined || value === null ? undefined : String(value);
  };
  const { addons = [] } = Object(config) as { addons?: { name?: unknown }[] };
  const addOns = (Array.isArray(addons) ? addons : []).map(({ name }) => String(name));
  return { name: field('name'), region: field('region'), version: field('version'), addOns };
}

/** Never throws. */
export function supportFinding(wanted: string, supported: Supported[], now: Date): Finding {
  const what = `Kubernetes ${wanted} of eksctl.yaml`;
  const found = supported.find(({ version }) => version === wanted);
  const standard = supported
    .filter(({ status }) => status === 'STANDARD_SUPPORT')
    .map(({ version }) => version)
    .sort(compareVersions);
  const next = `use a version in standard support: ${standard.join(', ') || 'see the EKS documentation'}`;
  if (!found || found.status === 'UNSUPPORTED') return { what, problem: 'EKS does not support it', next };
  const day = found.end?.toISOString().slice(0, 10);
  if (found.status === 'EXTENDED_SUPPORT') {
    return { what, problem: `its standard support ended${day ? ` on ${day}` : ''}; extended support costs more`, next };
  }
  const days = found.end ? Math.floor((found.end.getTime() - now.getTime()) / DAY) : undefined;
  if (days !== undefined && days < SOON)
    return { what, problem: `its standard support ends on ${day}, in ${days} days`, next };
  return { what: `${what}: in standard support${day ? ` until ${day}` : ''}` };
}

/** The newest Kubernetes of eksctl versions that do not list them. pkg/apis/eksctl.io/v1alpha5/types.go */
const KNOWN: { eksctl: string; from: string; to: string }[] = [{ eksctl: '0.230.0', from: '1.30', to: '1.35' }];

export type Eksctl = {
  version: string;
  /** The Kubernetes versions that it lists; an old one lists none. */
  knows: string[];
};

/** Parses `eksctl version -o json`, or plain `eksctl version`. Undefined for other text. */
export function parseEksctl(text: string): Eksctl | undefined {
  const plainVersion = /^\s*v?(\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (plainVersion) return { version: plainVersion, knows: [] };
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said !== 'object' || said === null || !('Version' in said)) return undefined;
    const knows = 'EKSServerSupportedVersions' in said ? said.EKSServerSupportedVersions : [];
    return {
      version: String(said.Version),
      knows: Array.isArray(knows) ? knows.map(String).sort(compareVersions) : [],
    };
  } catch {
    return undefined;
  }
}

/** `wanted` such as 1.35; `eksctl` is the output of the program on the PATH, undefined when there is none. */
export function eksctlFinding(wanted: string, eksctl: string | undefined): Finding {
  const what = 'eksctl';
  if (eksctl === undefined) return { what: `${what}: not on the PATH; only creating a cluster needs it` };
  const parsed = parseEksctl(eksctl);
  if (!parsed) {
    return { what, problem: `it prints "${eksctl.trim().slice(0, 80)}", expected a version`, next: 'reinstall it' };
  }
  const { version, knows } = parsed;
  const is = `${what} ${version}`;
  const newest = knows.at(-1);
  if (newest !== undefined) {
    if (knows.includes(wanted)) return { what: `${is} supports Kubernetes ${wanted}` };
    const next = compareVersions(wanted, newest) > 0 ? 'install a newer eksctl' : 'use a newer version in eksctl.yaml';
    return { what: is, problem: `it supports Kubernetes ${knows[0]} to ${newest}, eksctl.yaml has ${wanted}`, next };
  }
  const known = KNOWN.find((one) => compareVersions(version, one.eksctl) <= 0);
  if (!known) return { what: `${is}: it does not list the Kubernetes versions it supports` };
  if (compareVersions(wanted, known.to) > 0) {
    const problem = `eksctl up to ${known.eksctl} supports at most Kubernetes ${known.to}, eksctl.yaml has ${wanted}`;
    return { what: is, problem, next: 'install a newer eksctl' };
  }
  return { what: `${is}: it may support Kubernetes ${wanted}; see eksctl version -o json` };
}

/**
 * eksctl has no variables: account and region are written in its file and must match the credentials. Throws as the YAML
 * parser.
 */
export function examineEksctlYaml(text: string, home: { account: string; region: string }): Finding[] {
  const { region } = clusterConfig(text);
  const findings: Finding[] = [];
  if (region !== home.region) {
    findings.push({
      what: 'eksctl.yaml',
      problem: `its region is ${region ?? 'missing'}, the release runs in ${home.region}`,
      next: `set metadata.region: ${home.region} (and its availability zones), or give --aws-region ${region}`,
    });
  }
  for (const account of accountsIn(text)) {
    if (account === home.account) continue;
    const problem = `it names a role of account ${account}, the credentials belong to ${home.account}`;
    findings.push({ what: 'eksctl.yaml', problem, next: `replace it with ${home.account}` });
  }
  return findings.length > 0 ? findings : [{ what: 'eksctl.yaml: account and region match the credentials' }];
}

/** The accounts of its ARNs, without comments and duplicates. ARNs of AWS's own policies have none. */
function accountsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const accounts = lines.flatMap((line) => [...line.matchAll(/\barn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/g)]);
  return [...new Set(accounts.map(([, account]) => account))];
}

/** For versions such as 1.9 and 1.35: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
