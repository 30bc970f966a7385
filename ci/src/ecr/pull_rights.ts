/** May a node's role pull? IAM simulates its decision; the repository's own policy is not checked. */
import { type EvaluationResult, paginateSimulatePrincipalPolicy } from '#aws/client-iam';
import type { AwsClients } from '../aws/clients.ts';
import { awsProblem } from '../aws/errors.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html */
const ON_REPOSITORY = ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];
const ON_ALL = ['ecr:GetAuthorizationToken'];

export type Rights = { denied: string[]; problem?: string };

/** The actions that the principal may not do, or the problem why IAM gave no answer. Never throws. */
export async function pullRights({ iam }: AwsClients, roleArn: string, repositoryArn: string): Promise<Rights> {
  return simulate(iam, roleArn, [
    { actions: ON_ALL, resource: '*' },
    { actions: ON_REPOSITORY, resource: repositoryArn },
  ]);
}

export type Wanted = {
  actions: string[];
  resource: string;
  /** Condition keys of the requests, such as aws:RequestTag/KEY. */
  context?: Record<string, string>;
};

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
export async function simulate(iam: AwsClients['iam'], principalArn: string, wanted: Wanted[]): Promise<Rights> {
  try {
    const results = await Promise.all(wanted.map((one) => resultsOf(iam, principalArn, one)));
    const denied = results
      .flat()
      .filter(({ EvalDecision }) => EvalDecision !== 'allowed')
      .flatMap(({ EvalActionName }) => EvalActionName ?? []);
    return { denied };
  } catch (error) {
    return { denied: [], problem: awsProblem(error).problem };
  }
}

async function resultsOf(client: AwsClients['iam'], principal: string, { actions, resource, context = {} }: Wanted) {
  const results: EvaluationResult[] = [];
  const ContextEntries = Object.entries(context).map(([ContextKeyName, value]) => ({
    ContextKeyName,
    ContextKeyValues: [value],
    ContextKeyType: 'string' as const,
  }));
  const input = { PolicySourceArn: principal, ActionNames: actions, ResourceArns: [resource], ContextEntries };
  for await (const page of paginateSimulatePrincipalPolicy({ client }, input)) {
    results.push(...(page.EvaluationResults ?? []));
  }
  return results;
}
