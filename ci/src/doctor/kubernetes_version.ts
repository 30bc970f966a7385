/** Is the Kubernetes version of eksctl.yaml one that EKS supports and that the eksctl at hand can make? */
import { parse } from 'yaml';
import type { Finding } from './finding.ts';
import { compareVersions } from './versions.ts';

/** What eksctl.yaml asks for. */
export type ClusterConfig = { name?: string; region?: string; version?: string };

export type Supported = {
  version: string;
  /** STANDARD_SUPPORT, EXTENDED_SUPPORT or UNSUPPORTED. */
  status: string;
  /** Standard support ends on that day. */
  end?: Date;
};

/** Days before the end of support from which it is said. */
const SOON = 60;
const DAY = 86_400_000;

/** Of the text of an eksctl.yaml. Throws as the YAML parser. */
export function clusterConfig(text: string): ClusterConfig {
  const config: unknown = parse(text);
  const metadata: unknown =
    typeof config === 'object' && config !== null && 'metadata' in config ? config.metadata : {};
  const field = (name: string) => {
    const value: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, name) : undefined;
    return value === undefined || value === null ? undefined : String(value);
  };
  return { name: field('name'), region: field('region'), version: field('version') };
}

/** Never throws. */
export function supportFinding(wanted: string, supported: Supported[], now: Date): Finding {
  const what = `Kubernetes ${wanted} of eksctl.yaml`;
  const found = supported.find(({ version }) => version === wanted);
  const standard = supported
    .filter(({ status }) => status === 'STANDARD_SUPPORT')
    .map(({ version }) => version)
    .sort(compareVersions);
  const next = `write one in standard support: ${standard.join(', ') || 'see the EKS documentation'}`;
  if (!found || found.status === 'UNSUPPORTED') return { what, problem: 'EKS does not support it', next };
  const day = found.end?.toISOString().slice(0, 10);
  if (found.status === 'EXTENDED_SUPPORT') {
    return { what, problem: `its standard support ended${day ? ` on ${day}` : ''}: extended support costs more`, next };
  }
  const days = found.end ? Math.floor((found.end.getTime() - now.getTime()) / DAY) : undefined;
  if (days !== undefined && days < SOON)
    return { what, problem: `its standard support ends on ${day}, in ${days} days`, next };
  return { what: `${what}: in standard support${day ? ` until ${day}` : ''}` };
}

/** The newest Kubernetes that an eksctl knows, where it does not say so itself. pkg/apis/eksctl.io/v1alpha5/types.go */
const KNOWN: { eksctl: string; from: string; to: string }[] = [{ eksctl: '0.230.0', from: '1.30', to: '1.35' }];

export type Eksctl = {
  version: string;
  /** Kubernetes versions that it names itself; empty for an old one. */
  knows: string[];
};

/** What `eksctl version -o json` says, or plain `eksctl version`. Undefined for other words. */
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

/** `wanted` such as 1.35; `eksctl` is what the program on the PATH says, undefined when there is none. */
export function eksctlFinding(wanted: string, eksctl: string | undefined): Finding {
  const what = 'eksctl';
  if (eksctl === undefined) return { what: `${what}: not on the PATH; only making a cluster needs it` };
  const parsed = parseEksctl(eksctl);
  if (!parsed) {
    return { what, problem: `it says "${eksctl.trim().slice(0, 80)}", expected its version`, next: 'install it anew' };
  }
  const { version, knows } = parsed;
  const is = `${what} ${version}`;
  const newest = knows.at(-1);
  if (newest !== undefined) {
    if (knows.includes(wanted)) return { what: `${is} knows Kubernetes ${wanted}` };
    const next =
      compareVersions(wanted, newest) > 0 ? 'install a newer eksctl' : 'write a newer version into eksctl.yaml';
    return { what: is, problem: `it knows Kubernetes ${knows[0]} to ${newest}, ${wanted} is wanted`, next };
  }
  const known = KNOWN.find((one) => compareVersions(version, one.eksctl) <= 0);
  if (!known) return { what: `${is}: it does not say which versions of Kubernetes it knows` };
  if (compareVersions(wanted, known.to) > 0) {
    const problem = `no eksctl to ${known.eksctl} knows more than Kubernetes ${known.to}, ${wanted} is wanted`;
    return { what: is, problem, next: 'install a newer eksctl' };
  }
  return { what: `${is}: it may know Kubernetes ${wanted}; eksctl version -o json tells` };
}
