import { expect, test } from 'vitest';
import { awsClients } from '../aws/clients.ts';
import { verify } from '../aws/testdata/authenticator.ts';
import { eksSignIn, givenKubeConfig } from './kubeconfig.ts';

const server = 'https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com';
const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const clients = awsClients({ region: 'us-east-1', credentials: { kind: 'keys', ...keys } });

function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'ours',
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'ours', context: { cluster: 'c', user: 'u', namespace: 'n' } },
      { name: 'broken', context: { cluster: 'gone', user: 'u' } },
    ],
  });
}

const exec = (command: string, args: string[], env: object[] = []) => ({
  exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command, args, env, interactiveMode: 'Never' },
});

async function authorization(config: ReturnType<typeof givenKubeConfig>): Promise<string> {
  const options: { headers?: Record<string, string> } = {};
  await config.applyToHTTPSOptions(options);
  return options.headers?.Authorization ?? '';
}

test('a kubeconfig of eksctl or aws signs in with a token of our own, in the region that it names', async () => {
  const args = ['--region', 'eu-west-1', 'eks', 'get-token', '--cluster-name', 'sentiment', '--output', 'json'];
  const config = givenKubeConfig(kubeconfig(exec('/usr/local/bin/aws', args)), { clients });
  const bearer = await authorization(config);
  const { region } = verify(bearer.replace('Bearer ', ''), 'sentiment', keys.secretAccessKey);
  expect(region).toBe('eu-west-1');
});

test('a token or a certificate is used unchanged', async () => {
  expect(await authorization(givenKubeConfig(kubeconfig({ token: 'static' })))).toBe('Bearer static');
});

test.each([
  [
    'aws',
    ['eks', 'get-token', '--cluster-name', 'a', '--role-arn', 'arn:r', '--profile', 'p'],
    [],
    { cluster: 'a', region: 'eu-central-1', roleArn: 'arn:r', profile: 'p' },
  ],
  [
    'aws',
    ['eks', 'get-token', '--cluster-name=a'],
    [{ name: 'AWS_REGION', value: 'eu-west-3' }],
    { cluster: 'a', region: 'eu-west-3' },
  ],
  [
    'aws-iam-authenticator',
    ['token', '-i', 'a', '-r', 'arn:r'],
    [],
    { cluster: 'a', region: 'eu-central-1', roleArn: 'arn:r' },
  ],
  ['aws-iam-authenticator.exe', ['token', '--cluster-id', 'a'], [], { cluster: 'a', region: 'eu-central-1' }],
])('reads the arguments of %s: %o', (command, args, env, expected) => {
  const pairs = Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value]));
  expect(eksSignIn({ command, args, env: pairs }, server)).toEqual({ roleArn: undefined, ...expected });
});

const aws = exec('aws', ['eks', 'get-token', '--cluster-name', 'sentiment']);

test.each([
  ['{', /cannot be read/],
  [kubeconfig(exec('gke-gcloud-auth-plugin', [])), /program gke-gcloud-auth-plugin/],
  [kubeconfig(exec('aws', ['s3', 'ls'])), /program aws/],
  [kubeconfig(exec('aws', ['eks', 'get-token'])), /without a cluster name/],
  [kubeconfig(aws), /needs AWS credentials, but none were given/],
  [kubeconfig({ 'client-key': '/home/me/key.pem', 'client-certificate': '/home/me/c.pem' }), /file \/home\/me\/c.pem/],
  [kubeconfig({ token: 't' }, { 'certificate-authority': '/etc/ca.pem' }), /file \/etc\/ca.pem.*does not exist here/],
])('refuses %s', (text, message) => {
  expect(() => givenKubeConfig(text)).toThrow(message);
});

test('another context can be used if it exists and names a cluster of the kubeconfig', () => {
  expect(() => givenKubeConfig(kubeconfig({ token: 't' }), { context: 'theirs' })).toThrow(
    'it has no context "theirs" (KUBECONFIG)\n  | its contexts: ours, broken',
  );
  expect(() => givenKubeConfig(kubeconfig({ token: 't' }), { context: 'broken' })).toThrow(
    'a cluster that it does not contain',
  );
});
