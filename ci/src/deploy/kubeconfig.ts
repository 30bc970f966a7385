/**
 * A kubeconfig given as text. For EKS it calls `aws eks get-token` at each sign-in. Containers do not have that program, so we
 * read its arguments and make the token ourselves.
 * https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
 */
import { parseArgs } from 'node:util';
import type { KubeConfig, User } from '#kubernetes';
import type { AwsClients } from '../aws/clients.ts';
import { withEksToken } from '../aws/eks.ts';
import { PipelineError } from '../errors.ts';
import { hideCredentials, kubernetes } from '../kubernetes/client.ts';

/** What the program's arguments ask for. */
export type EksSignIn = { cluster: string; region?: string; roleArn?: string; profile?: string };

type Exec = { command: string; args: string[]; env: Record<string, string> };

/**
 * `context` replaces the text's current one; `clients` are needed if it signs in through aws or aws-iam-authenticator. Throws
 * KUBECONFIG.
 */
export function givenKubeConfig(text: string, options: { context?: string; clients?: AwsClients } = {}): KubeConfig {
  const kubeConfig = new (kubernetes().KubeConfig)();
  try {
    kubeConfig.loadFromString(text);
  } catch (error) {
    const evidence = [error instanceof Error ? error.message.split('\n')[0] : String(error)];
    throw wrong('it cannot be read', 'write it with kubectl config view --raw --flatten', evidence);
  }
  hideCredentials(kubeConfig);
  const { context = kubeConfig.getCurrentContext() } = options;
  if (kubeConfig.getContextObject(context) === null) {
    const known = kubeConfig.getContexts().map(({ name }) => name);
    const headline = context ? `it has no context "${context}"` : 'it names no current context';
    if (known.length === 0) throw wrong('it has no contexts', 'write it with kubectl config view --raw --flatten');
    throw wrong(headline, 'use one of its contexts', [`its contexts: ${known.join(', ')}`]);
  }
  kubeConfig.setCurrentContext(context);
  const cluster = kubeConfig.getCurrentCluster();
  const user = kubeConfig.getCurrentUser();
  if (!cluster) throw wrong(`its context "${context}" names a cluster that it does not contain`, 'check its clusters');
  if (!user) throw wrong(`its context "${context}" names a user that it does not contain`, 'check its users');
  refuseFiles({
    'certificate-authority': cluster.caFile,
    'client-certificate': user.certFile,
    'client-key': user.keyFile,
  });
  const exec = execOf(user);
  if (exec === undefined) return kubeConfig;
  const signIn = eksSignIn(exec, cluster.server);
  if (options.clients === undefined) {
    const next = 'add AWS credentials';
    throw wrong(`it signs in through the program ${exec.command} and needs AWS credentials, but none were given`, next);
  }
  // With its exec entry, the user would still sign in through that program.
  kubeConfig.users = kubeConfig.users.map((one) => (one.name === user.name ? { name: one.name } : one));
  return withEksToken(kubeConfig, user.name, signingClients(options.clients, signIn), signIn.cluster);
}

/** Reads the arguments of `aws eks get-token` and `aws-iam-authenticator token`. Throws KUBECONFIG for other programs. */
export function eksSignIn({ command, args, env }: Exec, server: string): EksSignIn {
  const program =
    command
      .split(/[/\\]/)
      .at(-1)
      ?.replace(/\.exe$/, '') ?? '';
  const verbs = args.join(' ');
  const isAws = program === 'aws' && /\beks get-token\b/.test(verbs);
  const isAuthenticator = /^(aws-iam-authenticator|heptio-authenticator-aws)$/.test(program) && args.includes('token');
  if (!isAws && !isAuthenticator) {
    const next = 'use one with a token or a client certificate: kubectl config view --raw --flatten';
    throw wrong(`it signs in through the program ${command}, which is not supported here`, next);
  }
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    strict: false,
    allowPositionals: true,
    options: isAws
      ? { 'cluster-name': text, 'cluster-id': text, region: text, 'role-arn': text, profile: text, output: text }
      : { 'cluster-id': { ...text, short: 'i' }, region: text, role: { ...text, short: 'r' } },
  });
  const value = (name: string) => (typeof values[name] === 'string' ? values[name] : undefined);
  const cluster = value('cluster-id') ?? value('cluster-name');
  if (!cluster) throw wrong(`it calls ${program} without a cluster name`, 'check the args of its user');
  return {
    cluster,
    region: value('region') ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? regionOf(server),
    roleArn: value('role-arn') ?? value('role'),
    profile: value('profile') ?? env.AWS_PROFILE,
  };
}

/** How the current user signs in to EKS; undefined for other ways to sign in. */
export function eksSignInOf(kubeConfig: KubeConfig): EksSignIn | undefined {
  const user = kubeConfig.getCurrentUser();
  const exec = user ? execOf(user) : undefined;
  try {
    return exec && eksSignIn(exec, kubeConfig.getCurrentCluster()?.server ?? '');
  } catch {
    return undefined;
  }
}

const text = { type: 'string' } as const;

/** `https://0123.gr7.eu-central-1.eks.amazonaws.com` is in eu-central-1. */
function regionOf(server: string): string | undefined {
  return /\.([a-z]{2,}(?:-[a-z]+)+-\d)\.eks\./.exec(server)?.[1];
}

function signingClients(clients: AwsClients, { region, roleArn }: EksSignIn): AwsClients {
  const there = region ? clients.inRegion(region) : clients;
  return roleArn ? there.withRole(roleArn) : there;
}

function execOf(user: User): Exec | undefined {
  const exec: unknown = user.exec;
  if (typeof exec !== 'object' || exec === null || !('command' in exec)) return undefined;
  const args = 'args' in exec && Array.isArray(exec.args) ? exec.args.map(String) : [];
  const pairs = 'env' in exec && Array.isArray(exec.env) ? exec.env : [];
  const env = Object.fromEntries(
    pairs.map((pair: { name?: unknown; value?: unknown }) => [String(pair.name), String(pair.value)]),
  );
  return { command: String(exec.command), args, env };
}

function refuseFiles(files: Record<string, string | undefined>): void {
  for (const [field, path] of Object.entries(files)) {
    if (!path) continue;
    const next = 'embed the contents with kubectl config view --raw --flatten';
    throw wrong(`its ${field} is the file ${path}, which does not exist here`, next);
  }
}

function wrong(headline: string, next: string, evidence: string[] = []): PipelineError {
  return new PipelineError('KUBECONFIG', `this kubeconfig cannot be used: ${headline}`, { evidence, next });
}

/** The same cluster through another address, `host:port`. The certificate is for the kubeconfig's, so TLS verifies that name. */
export function throughServer(kubeConfig: KubeConfig, endpoint: string): KubeConfig {
  const { server = 'https://localhost', tlsServerName = new URL(server).hostname } =
    kubeConfig.getCurrentCluster() ?? {};
  return withServer(kubeConfig, endpoint, tlsServerName);
}

/** The same cluster at another address, `host:port`. */
export function withServer(kubeConfig: KubeConfig, endpoint: string, tlsServerName?: string): KubeConfig {
  const server = `https://${endpoint}`;
  const current = kubeConfig.getCurrentCluster()?.name;
  kubeConfig.clusters = kubeConfig.clusters.map((cluster) =>
    cluster.name === current ? { ...cluster, server, ...(tlsServerName && { tlsServerName }) } : cluster,
  );
  return kubeConfig;
}
