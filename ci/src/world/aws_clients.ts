/** The one place that makes clients of AWS: region, endpoint, credentials and patience are the same for all. */
import { ECRClient } from '#aws/client-ecr';
import { EKSClient } from '#aws/client-eks';
import { IAMClient } from '#aws/client-iam';
import { S3Client } from '#aws/client-s3';
import { GetCallerIdentityCommand, STSClient } from '#aws/client-sts';
import {
  type AwsCredentials,
  type Identity,
  type IdentityProvider,
  identityProvider,
  TIMEOUTS,
} from './aws_credentials.ts';
import { awsError } from './aws_problem.ts';

export type AwsAccess = {
  /** Such as eu-central-1. */
  region: string;
  credentials: AwsCredentials;
  /** In place of every service's own address: for tests, moto's. */
  endpoint?: string;
};

/** Who STS says we are. */
export type Caller = { account: string; arn: string };

export type AwsClients = {
  readonly access: AwsAccess;
  readonly ecr: ECRClient;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly s3: S3Client;
  /** For a signer of its own: EKS's token. */
  identity: IdentityProvider;
  /** Asked once. Throws AWS_CREDENTIALS, AWS_DENIED, AWS_UNREACHABLE or AWS. */
  caller(): Promise<Caller>;
  /** The same credentials in another region. */
  inRegion(region: string): AwsClients;
  /** With a role taken on top. */
  withRole(roleArn: string): AwsClients;
  /** Closes the connections. */
  destroy(): void;
};

export function awsClients(access: AwsAccess): AwsClients {
  const { region, endpoint, credentials } = access;
  const identity = identityProvider(credentials, { region, endpoint });
  return clientsOf(access, identity);
}

function clientsOf(access: AwsAccess, identity: IdentityProvider): AwsClients {
  const { region, endpoint } = access;
  const settings = {
    region,
    ...(endpoint && { endpoint }),
    credentials: (): Promise<Identity> => identity(),
    requestHandler: TIMEOUTS,
  };
  const clients = {
    ecr: new ECRClient(settings),
    eks: new EKSClient(settings),
    iam: new IAMClient(settings),
    // A double has one host for all buckets.
    s3: new S3Client({ ...settings, forcePathStyle: endpoint !== undefined }),
    sts: new STSClient(settings),
  };
  let asked: Promise<Caller> | undefined;
  const ask = async (): Promise<Caller> => {
    try {
      const { Account = '', Arn = '' } = await clients.sts.send(new GetCallerIdentityCommand({}));
      return { account: Account, arn: Arn };
    } catch (error) {
      asked = undefined;
      throw awsError(`AWS does not say who we are in ${region}`, error);
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
