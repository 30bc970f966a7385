/** IAM's and STS's answers, as their XML has them. https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
import type { AwsAnswer, AwsCall } from './aws_double.ts';

/** Denies the actions that are listed and allows all others. */
export function simulated({ parameters }: AwsCall, denied: string[]): AwsAnswer {
  const actions = Object.entries(parameters)
    .filter(([name]) => name.startsWith('ActionNames.'))
    .map(([, value]) => String(value));
  const members = actions.map((action) => {
    const decision = denied.includes(action) ? 'implicitDeny' : 'allowed';
    return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decision}</EvalDecision></member>`;
  });
  return {
    body: `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>${members.join('')}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`,
  };
}

export function refused(code: string, message: string, status = 403): AwsAnswer {
  return {
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  };
}

export function callerIdentity(account: string, arn: string): AwsAnswer {
  return {
    body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDA</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  };
}

export function role(arn: string): AwsAnswer {
  return {
    body: `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Arn>${arn}</Arn><RoleName>r</RoleName></Role></GetRoleResult></GetRoleResponse>`,
  };
}
