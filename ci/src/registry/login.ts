/** How to sign in to ECR's registry: a user name that is always AWS, and a password that lives twelve hours. */
import { GetAuthorizationTokenCommand } from '#aws/client-ecr';
import { PipelineError } from '../errors.ts';
import type { AwsClients } from '../world/aws_clients.ts';
import { awsError } from '../world/aws_problem.ts';

export type RegistryLogin = {
  /** Host, with a port if it has one: the first part of an image's name. In tests an address with http:// as well. */
  host: string;
  username: string;
  password: string;
  expiresAt?: Date;
};

/** `host` in place of ECR's own: for tests, of a registry that takes the same password. Throws as awsError. */
export async function registryLogin(clients: AwsClients, host?: string): Promise<RegistryLogin> {
  try {
    const [data] = (await clients.ecr.send(new GetAuthorizationTokenCommand({}))).authorizationData ?? [];
    if (!data?.authorizationToken || !data.proxyEndpoint) {
      throw new PipelineError('AWS', 'ECR answered without a token', { next: 'try again' });
    }
    const [username, ...rest] = Buffer.from(data.authorizationToken, 'base64').toString('utf8').split(':');
    return {
      host: host ?? new URL(data.proxyEndpoint).host,
      username,
      password: rest.join(':'),
      expiresAt: data.expiresAt,
    };
  } catch (error) {
    throw awsError(`ECR of ${clients.access.region} gives no token to sign in with`, error);
  }
}
