/** The one place that makes AWS clients: they share region, endpoint, credentials and timeouts. */
import { ECRClient } from '#aws/client-ecr';
import { EKSClient } from '#aws/client-eks';
import { IAMClient } from '#aws/client-iam';
import { S3Client } from '#aws/client-s3';
import { GetCallerIdentityCommand, STSClient } from '#aws/client-sts';
import { awsError } from './errors.ts';
import { type AwsCredentials, type IdentityProvider, identityProvider, TIMEOUTS } from './sign_in.ts';

export type AwsAccess = {
  /** Such as eu-central-1. */
  region: string;
  credentials: AwsCredentials;
  /** In place of each service's own address: moto's, in tests. */
  endpoint?: string;
};

/** Who signs in, as STS reports it. */
export type Caller = { account: string; arn: string };

export type AwsClients = {
  readonly access: AwsAccess;
  readonly ecr: ECRClient;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly s3: S3Client;
  /** For EKS's token, which is signed without a client. */
  identity: IdentityProvider;
  /** Asked once. Throws AWS_CREDENTIALS, AWS_DENIED, AWS_UNREACHABLE or AWS. */
  caller(): Promise<Caller>;
  /** The same credentials in another region. */
  inRegion(region: string): AwsClients;
  /** With a role assumed with these credentials. */
  withRole(roleArn: string): AwsClients;
  /** Closes the connections. */
  destroy(): void;
};

export function awsClients(access: AwsAccess): AwsClients {
  const { region, endpoint, credentials } = access;
  const identity = identityProvider(credentials, { region, endpoint });
  return clientsOf(access, identity);
}

function clientsOf(access: AwsAccess, provider: IdentityProvider): AwsClients {
  const { region, endpoint } = access;
  const base = { region, ...(endpoint && { endpoint }), requestHandler: TIMEOUTS };
  const sts = new STSClient({ ...base, credentials: provider });
  // The client's own view of the provider keeps a session until five minutes before its end, and asks once for all.
  const identity = sts.config.credentials;
  const settings = { ...base, credentials: identity };
  const clients = {
    sts,
    ecr: new ECRClient(settings),
    eks: new EKSClient(settings),
    iam: new IAMClient(settings),
    // A double has one host for all buckets.
    s3: new S3Client({ ...settings, forcePathStyle: endpoint !== undefined }),
  };
  let asked: Promise<Caller> | undefined;
  const ask = async (): Promise<Caller> => {
    try {
      const { Account = '', Arn = '' } = await clients.sts.send(new GetCallerIdentityCommand({}));
      return { account: Account, arn: Arn };
    } catch (error) {
      asked = undefined;
      throw awsError(`the AWS credentials could not be checked in ${region}`, error);
    }
  };
  const self: AwsClients = {
    access,
    ecr: clients.ecr,
    eks: clients.eks,
    iam: clients.iam,
    s3: clients.s3,
    identity,
    caller: () => {
      asked ??= ask();
      return asked;
    },
    // Credentials are the account's, not the region's: the session is shared.
    inRegion: (other) => (other === region ? self : clientsOf({ ...access, region: other }, identity)),
    withRole: (roleArn) => awsClients({ ...access, credentials: { kind: 'role', roleArn, from: access.credentials } }),
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
  return self;
}
