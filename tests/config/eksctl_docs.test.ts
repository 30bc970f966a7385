/** Compares docs/aws.md with what it describes: the calls of the code, the workflow, eksctl.yaml. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ECR_ACTIONS, ECR_CORRECTING, ECR_MAKING, EKS_ACTIONS, INSPECTOR_ACTIONS } from '../../ci/src/doctor/aws.ts';
import { MADE_BY } from '../../ci/src/ecr/repository.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const page = read('docs/aws.md');

const statement = z.object({
  Action: z.array(z.string()),
  Resource: z.union([z.string(), z.array(z.string())]),
  Condition: z.unknown().optional(),
});
const policy = z.object({ Statement: z.array(statement) });

/** The JSON that the page's shell commands write, with variables unexpanded. */
function written(file: string): unknown {
  const match = new RegExp(`cat >${file} <<EOF\\n([^]*?)\\nEOF`).exec(page);
  if (!match) throw new Error(`docs/aws.md writes no ${file}`);
  return JSON.parse(match[1]);
}

const { Statement } = policy.parse(written('release.json'));
const allowed = new Set(Statement.flatMap(({ Action }) => Action));

/** `service:Action` of every command and paginator that is imported from the SDK. */
function called(): string[] {
  const paths = globSync('ci/src/**/*.ts', { cwd: root }).filter((path) => !/\.test\.ts$|testdata/.test(path));
  const imports = paths.flatMap((path) => [...read(path).matchAll(/^import \{([^}]*)\} from '#aws\/client-(\w+)';/gm)]);
  // The one call without a client.
  const signed = paths.flatMap((path) => [...read(path).matchAll(/'ServiceQuotasV\d+\.(\w+)'/g)]);
  const byHand = signed.map(([, action]) => `servicequotas:${action}`);
  const byClient = imports.flatMap(([, names, service]) =>
    [...names.matchAll(/\b(?:paginate(\w+)|(\w+)Command)\b/g)].map(
      ([, paged, single]) => `${service}:${paged ?? single}`,
    ),
  );
  return [...byClient, ...byHand];
}

test('the role may make every call of the code, of a push and of doctor', () => {
  // Asking STS about oneself, or assuming a role that trusts the caller, needs no permission.
  const calls = called().filter((action) => !/^(?:sts|s3):/.test(action) && !ECR_CORRECTING.includes(action));
  expect(calls.length).toBeGreaterThan(10);
  expect([...allowed]).toEqual(expect.arrayContaining([...calls, ...ECR_ACTIONS, ...ECR_MAKING, ...EKS_ACTIONS]));
});

test('the permission to write the targets comes from the stack that reads them', () => {
  expect(called().filter((action) => action.startsWith('s3:'))).toEqual(['s3:PutObject']);
  expect(read('monitoring/ec2/template.yaml')).toMatch(/Action: s3:PutObject/);
});

test('the role may do nothing beyond what the code and a push need', () => {
  const needed = new Set([...called(), ...ECR_ACTIONS, ...ECR_MAKING, ...EKS_ACTIONS]);
  expect([...allowed].filter((action) => !needed.has(action))).toEqual([]);
  for (const { Action, Resource } of Statement) {
    expect(Action.join()).not.toContain('*');
    // AWS has no narrower resource for these, which read and change nothing.
    if (Resource === '*') expect(Action.filter((action) => !/:(?:Get|Describe)[A-Z]/.test(action))).toEqual([]);
  }
});

test('the role makes and labels a repository, and loosens none', () => {
  expect(ECR_CORRECTING.filter((action) => allowed.has(action))).toEqual([]);
  for (const action of ECR_CORRECTING) expect(page).toContain(`\`${action}\``);
  const { Key, Value } = MADE_BY;
  const conditions = Statement.filter(({ Action }) => Action.some((action) => ECR_MAKING.includes(action)));
  expect(conditions.map(({ Condition }) => Condition)).toEqual([
    { StringEquals: { [`aws:RequestTag/${Key}`]: Value } },
    { StringEquals: { [`aws:ResourceTag/${Key}`]: Value } },
  ]);
});

test('what Inspector needs is on the page', () => {
  expect(page).toContain(JSON.stringify(INSPECTOR_ACTIONS).replace(',', ', '));
});

test('only runs of the release workflow get the role', () => {
  const trust = z.object({ Statement: z.tuple([z.object({ Condition: z.record(z.string(), z.unknown()) })]) });
  const [{ Condition }] = trust.parse(written('trust.json')).Statement;
  expect(Condition).toEqual({
    StringEquals: {
      'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
      'token.actions.githubusercontent.com:sub': '$SUBJECT',
    },
  });
  const { environment } = z
    .object({ jobs: z.object({ release: z.looseObject({ environment: z.string() }) }) })
    .parse(parse(read('.github/workflows/release.yml'))).jobs.release;
  expect(page).toContain(`:environment:${environment}"`);
});

test('explains exactly the variables and secrets of the workflow', () => {
  const workflow = read('.github/workflows/release.yml');
  const used = [...workflow.matchAll(/\b(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name]) => name);
  const explained = [...page.matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(([, name]) => name);
  expect(explained.sort()).toEqual([...new Set(used)].sort());
});

test('the role is the one that eksctl.yaml gives access to', () => {
  const { accessConfig } = z
    .looseObject({
      accessConfig: z.looseObject({ accessEntries: z.tuple([z.looseObject({ principalARN: z.string() })]) }),
    })
    .parse(parse(read('eksctl.yaml')));
  const [, role] = accessConfig.accessEntries[0].principalARN.split('/');
  expect(page).toContain(`aws iam create-role --role-name ${role} `);
  expect(page).toContain(`arn:aws:iam::$ACCOUNT:role/${role}`);
});
