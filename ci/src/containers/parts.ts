/**
 * Which files each step sees. A step runs again only when one of its files changes, so an edit of the service must not be
 * part of the pipeline. The patterns are those of Dagger's Directory.filter.
 */
import { parse } from 'yaml';

export type Part = { include: string[]; exclude: string[] };

/** Settings of the tools and of the package managers. */
const settings = ['*.json', '*.ts', '*.yaml', '.npmrc', '.node-version', 'types'];

const tests = ['**/*.test.ts', '**/testdata'];

/** What the stages leave: in the source only so that `repro` can tell whether it changes. */
const models = 'models';

export const lintPart: Part = { include: ['**'], exclude: ['.git', models] };

/** What the type check depends on. */
export const typesPart: Part = { include: ['**/*.ts', '**/*.json', 'types'], exclude: ['.git', models] };

/** What `dvc repro` depends on. */
export const pipelinePart: Part = {
  include: [
    'ml',
    'behaviour',
    '.dvc/config',
    '.dvc/.gitignore',
    '.dvcignore',
    '.gitignore',
    'dvc.yaml',
    'dvc.lock',
    'params.yaml',
    'package.json',
    'package-lock.json',
    'requirements.txt',
  ],
  exclude: tests,
};

type NamedTexts = {
  /** Files and folders, relative to the repository. */
  paths: string[];
  inS3: boolean;
  /** Names of variables that hold the address of texts. */
  variables: string[];
};

/** The texts that params.yaml names, given its content. What is wrong with it, the stages say. */
export function namedTexts(params: string): NamedTexts {
  const { source, sources, test_source }: Record<string, unknown> = parse(params)?.data_ingestion ?? {};
  const several = Array.isArray(sources) ? sources.map((own) => own?.source ?? own) : [source];
  const names = [...several, test_source].filter((name) => typeof name === 'string');
  const isPath = (name: string) => name !== '' && !/^(?:[a-z0-9]+:|\/|\.\.(?:\/|$))/.test(name);
  return {
    paths: names.filter(isPath).map((name) => name.replace(/^(?:\.\/)+/, '')),
    inS3: names.some((name) => name.startsWith('s3://')),
    variables: [...new Set(names.flatMap((name) => /^env:(\w+)$/.exec(name)?.[1] ?? []))],
  };
}

/** What a study reads besides: `tune` starts from the results of `compare`. */
export const studyPart: Part = { include: ['experiments.yaml', 'reports/experiments'], exclude: [] };

/** What the Dockerfile copies, besides the model. */
export const imagePart: Part = {
  include: [
    'Dockerfile',
    '.dockerignore',
    'package.json',
    'package-lock.json',
    '.npmrc',
    'ml',
    'service',
    'cli',
    'scripts/bundle.ts',
    'scripts/bill.ts',
    'scripts/licences.ts',
  ],
  exclude: tests,
};

export type TestGroup = Part & {
  name: string;
  /** What the container needs besides the packages. */
  needs?: 'programs' | 'kubernetes';
  /** The tests to run, as beginnings of paths. */
  tests: string[];
};

export const unitTests: TestGroup[] = [
  {
    name: 'ml',
    tests: ['ml/'],
    include: [...settings, 'ml', 'behaviour', 'tests/support', 'manifests/experiments'],
    exclude: [],
  },
  {
    name: 'service, cli, scripts, bench, ci and modules',
    tests: ['service/', 'cli/', 'scripts/', 'bench/', 'ci/', 'modules/', 'tests/config/'],
    include: ['**'],
    // One of these tests reads all tests.
    exclude: ['.git', models],
  },
];

const files = (names: string[]) => names.map((name) => `tests/${name}.test.ts`);

/** Integration tests that do not run the service: DVC, MLflow, corpora, set-up, the command line. */
const pipelineTests = files([
  'cli_predict',
  'corpus_http',
  'corpus_s3',
  'corpus_stages',
  'experiments',
  'local_mlflow',
  'own_data',
  'pipeline',
  'production_model',
  'promotion',
  'registration',
  'rollback_model',
  'setup',
  'tracking',
]);

/** Integration tests that deploy to the tests' own Kubernetes or push to a registry. */
const rolloutTests = files([
  ...[
    'cluster',
    'deploy',
    'deploy_bake',
    'deploy_foreign',
    'deploy_interrupted',
    'deploy_load',
    'deploy_patience',
    'deploy_return',
    'diagnosis',
  ],
  ...[
    'supply',
    'doctor',
    'ec2_compose',
    'ecr',
    'ecr_rollout',
    'eks',
    'experiments_job',
    'monitoring_kubernetes',
    'rbac',
  ],
]);

const unitTestFiles = ['ml', 'service', 'cli', 'scripts', 'bench', 'ci', 'modules', 'tests/config'].map(
  (folder) => `${folder}/**/*.test.ts`,
);

export const integrationTests: TestGroup[] = [
  {
    name: 'pipeline',
    tests: pipelineTests,
    include: [
      ...[...settings, 'ml', 'behaviour', 'cli', 'scripts', 'Makefile', 'requirements.txt', 'reports', 'dvc.lock'],
      ...['.dvc', '.dvcignore', '.gitignore', 'tests/support', ...pipelineTests],
    ],
    exclude: unitTestFiles,
  },
  {
    name: 'service',
    needs: 'programs',
    tests: ['tests/'],
    include: ['**'],
    exclude: ['.git', models, ...unitTestFiles, ...pipelineTests, ...rolloutTests],
  },
  {
    name: 'rollout',
    needs: 'kubernetes',
    tests: rolloutTests,
    include: [
      ...settings,
      'ml',
      'service',
      'cli',
      'ci',
      'scripts',
      'manifests',
      'monitoring',
      'docs',
      'tests',
      'Makefile',
      '.github',
    ],
    exclude: unitTestFiles,
  },
];
