/** ECR as moto answers for it, with a real registry that accepts only ECR's password. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ecrExplainer } from '../ci/src/ecr/explain.ts';
import { LIFECYCLE, markDeployed } from '../ci/src/ecr/lifecycle.ts';
import { imageFacts, pushDecision, tagState } from '../ci/src/ecr/registry.ts';
import { MADE_BY, prepareRepository } from '../ci/src/ecr/repository.ts';
import { scanGate, scanSummary } from '../ci/src/ecr/scan.ts';
import { need } from './support/need.ts';
import { type EcrLab, startEcr } from './support/registry_ecr.ts';

const ACCOUNT = '123456789012';
const HOST = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const otherArchitecture = architecture === 'amd64' ? 'arm64' : 'amd64';

describe.skipIf(!need('moto') || !need('docker-registry'))('ECR', () => {
  let lab: EcrLab;
  let name: string;
  let count = 0;

  beforeAll(async () => {
    lab = await startEcr();
  });
  afterAll(() => lab?.stop());
  beforeEach(() => {
    name = `team/sentiment-${++count}`;
  });

  describe('the repository', () => {
    test('is created with immutable tags, scans, encryption and a lifecycle that ECR accepts', async () => {
      const made = await prepareRepository(lab.clients, { name });
      expect(made).toMatchObject({ name, uri: `${HOST}/${name}`, account: ACCOUNT, created: true, changes: [] });
      expect(await lab.ecr('DescribeRepositories', { repositoryNames: [name] })).toMatchObject({
        repositories: [
          {
            imageTagMutability: 'IMMUTABLE',
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfiguration: { encryptionType: 'AES256' },
          },
        ],
      });
      expect(await lab.ecr('ListTagsForResource', { resourceArn: made.arn })).toEqual({ tags: [MADE_BY] });
      expect(await lab.ecr('GetLifecyclePolicy', { repositoryName: name })).toMatchObject({
        lifecyclePolicyText: expect.stringContaining('"tagStatus":"any"'),
      });
    });

    test('is found the second time and needs no change', async () => {
      await prepareRepository(lab.clients, { name });
      expect(await prepareRepository(lab.clients, { name })).toMatchObject({ created: false, changes: [] });
    });

    test('that somebody else created keeps its settings, and what differs is reported', async () => {
      await lab.ecr('CreateRepository', { repositoryName: name });
      const before = await lab.ecr('DescribeRepositories', { repositoryNames: [name] });
      const { changes } = await prepareRepository(lab.clients, { name });
      expect(changes).toEqual([
        'its tag mutability was MUTABLE, and stays so (publish --correct-repository)',
        'scan on push was off, and stays so (publish --correct-repository)',
        'its lifecycle policy was another one, and stays so (publish --correct-repository)',
      ]);
      expect(await lab.ecr('DescribeRepositories', { repositoryNames: [name] })).toEqual(before);
      await expect(lab.ecr('GetLifecyclePolicy', { repositoryName: name })).rejects.toThrow('LifecyclePolicyNotFound');
    });

    test('that somebody else created gets the same settings if that is asked for', async () => {
      await lab.ecr('CreateRepository', { repositoryName: name });
      const { changes } = await prepareRepository(lab.clients, { name, correct: true });
      expect(changes).toEqual([
        'its tag mutability was MUTABLE, and is now IMMUTABLE',
        'scan on push was off, and is now on',
        'its lifecycle policy was another one, and is replaced',
      ]);
      expect((await prepareRepository(lab.clients, { name })).changes).toEqual([]);
    });

    test('keeps deployed images: a different set of tags replaces the policy', async () => {
      await prepareRepository(lab.clients, { name });
      const lifecycle = { ...LIFECYCLE, keepTags: ['deployed'] };
      expect((await prepareRepository(lab.clients, { name, lifecycle, correct: true })).changes).toHaveLength(1);
      expect(await lab.ecr('GetLifecyclePolicy', { repositoryName: name })).toMatchObject({
        lifecyclePolicyText: expect.stringContaining('"tagPatternList":["deployed"]'),
      });
    });

    test('is created once when several releases ask at the same time', async () => {
      const all = await Promise.all([1, 2, 3].map(() => prepareRepository(lab.clients, { name })));
      expect(all.filter(({ created }) => created)).toHaveLength(1);
    });

    test('with an invalid name is refused before ECR is asked', async () => {
      await expect(prepareRepository(lab.clients, { name: 'Sentiment' })).rejects.toThrow('REPOSITORY_NAME');
    });
  });

  describe('a tag', () => {
    test('is free, then holds a digest with its platform and content', async () => {
      await prepareRepository(lab.clients, { name });
      expect(await tagState(lab.login, name, 'v1')).toBeUndefined();
      const digest = await lab.push(name, 'v1', 'content 1');
      const state = await tagState(lab.login, name, 'v1');
      expect(state).toMatchObject({ digest, platforms: [`linux/${architecture}`] });
      expect(pushDecision({ repository: name, tag: 'v1', state }, { label: 'content 1' })).toBe('unchanged');
      expect(() => pushDecision({ repository: name, tag: 'v1', state }, { label: 'content 2' })).toThrow('TAG_TAKEN');
    });

    test('of a deployed image gets a second tag, once', async () => {
      await prepareRepository(lab.clients, { name });
      const digest = await lab.push(name, 'v1', 'content');
      await markDeployed(lab.clients, { repository: name, tag: 'v1', digest });
      await markDeployed(lab.clients, { repository: name, tag: 'v1', digest });
      expect(await lab.ecr('DescribeImages', { repositoryName: name })).toMatchObject({
        imageDetails: [{ imageDigest: digest, imageTags: ['v1', 'deployed-v1'] }],
      });
      const gone = { repository: name, tag: 'v1', digest: `sha256:${'0'.repeat(64)}` };
      await expect(markDeployed(lab.clients, gone)).rejects.toThrow('could not be marked as deployed');
    });

    test('of an immutable repository is not moved by ECR either', async () => {
      await prepareRepository(lab.clients, { name });
      await lab.push(name, 'v1', 'content 1');
      await expect(lab.push(name, 'v1', 'content 2')).rejects.toThrow('already exists');
    });

    test('cannot be read with a wrong password', async () => {
      const login = { ...lab.login, password: 'wrong' };
      await expect(tagState(login, name, 'v1')).rejects.toThrow(/answers 401 .*\(REGISTRY\)/);
    });

    test('at an unreachable registry is an error that names the registry', async () => {
      const login = { ...lab.login, host: '127.0.0.1:1' };
      await expect(imageFacts(login, name, 'v1')).rejects.toThrow(
        'the registry 127.0.0.1:1 cannot be reached (REGISTRY)',
      );
    });
  });

  describe('a scan', () => {
    test('is started if it is missing, summarised, and stops a release at the limit', async () => {
      await prepareRepository(lab.clients, { name });
      const digest = await lab.push(name, 'v1', 'content');
      await lab.findings(
        scanAnswer(name, digest, 'COMPLETE', { CRITICAL: 1, LOW: 2 }, [
          { name: 'CVE-2026-1111', severity: 'LOW', attributes: [{ key: 'package_name', value: 'tar' }] },
          { name: 'CVE-2026-2222', severity: 'CRITICAL', attributes: [{ key: 'package_name', value: 'openssl' }] },
        ]),
      );
      const found = await scanSummary(lab.clients, { repository: name, digest }, { deadline: 20_000, interval: 50 });
      expect(found).toMatchObject({ status: 'COMPLETE', isScanned: true, counts: { CRITICAL: 1, LOW: 2 } });
      expect(found.findings.map(({ line }) => line)).toEqual([
        'CRITICAL CVE-2026-2222 openssl',
        'LOW CVE-2026-1111 tar',
      ]);
      expect(found.text).toBe('scan COMPLETE: 1 CRITICAL, 2 LOW');
      expect(() => scanGate(found, 'HIGH')).toThrow('CVE-2026-2222');
    });

    test('that does not end is abandoned at the deadline', async () => {
      await prepareRepository(lab.clients, { name });
      const digest = await lab.push(name, 'v1', 'content');
      await lab.findings(scanAnswer(name, digest, 'IN_PROGRESS', {}));
      const found = await scanSummary(lab.clients, { repository: name, digest }, { deadline: 300, interval: 50 });
      expect(found).toMatchObject({ status: 'IN_PROGRESS', isScanned: false });
      expect(() => scanGate(found, 'CRITICAL')).toThrow('SCAN_REFUSED');
    });
  });

  describe('the explanation of a name', () => {
    const explain = (reference: string, options: Partial<Parameters<typeof ecrExplainer>[0]> = {}) =>
      ecrExplainer({ clients: lab.clients, registryHost: lab.registry.host, ...options })(reference);

    beforeEach(async () => {
      await prepareRepository(lab.clients, { name });
    });

    test('of an existing image finds nothing wrong, and says what was not checked', async () => {
      await lab.push(name, 'v1', 'content');
      const found = await explain(`${HOST}/${name}:v1`);
      expect(found.differences).toEqual([]);
      expect(found.evidence).toContain(`ECR of account ${ACCOUNT} in us-east-1 has ${name} with the tag v1`);
      expect(found.evidence.join()).toContain('their role is unknown');
    });

    test('names the wrong account, and the right name', async () => {
      await lab.push(name, 'v1', 'content');
      const found = await explain(`${HOST.replace(ACCOUNT, '123456789013')}/${name}:v1`);
      expect(found.differences).toEqual([{ part: 'account', found: '123456789013', expected: ACCOUNT }]);
      expect(found.nearest).toBe(`${HOST}/${name}:v1`);
    });

    test.each([
      ['eu-west-1', [{ part: 'region', found: 'eu-west-1', expected: 'us-east-1' }]],
      ['us-esat-1', [{ part: 'region', found: 'us-esat-1', expected: 'us-east-1' }]],
    ])('names the wrong region %s', async (region, differences) => {
      await lab.push(name, 'v1', 'content');
      const found = await explain(`${HOST.replace('us-east-1', region)}/${name}:v1`);
      expect(found).toMatchObject({ differences, nearest: `${HOST}/${name}:v1` });
    });

    test('distinguishes a missing repository from a missing image', async () => {
      await lab.push(name, 'v1.0.1', 'content');
      const misspelt = name.replace('sentiment', 'sentimnet');
      const noRepository = await explain(`${HOST}/${misspelt}:v1.0.1`);
      expect(noRepository.differences).toEqual([{ part: 'repository', found: misspelt, expected: name }]);
      expect(noRepository.evidence[0]).toBe(`ECR of account ${ACCOUNT} in us-east-1 has no repository ${misspelt}`);
      const noImage = await explain(`${HOST}/${name}:v1.0.2`);
      expect(noImage.differences).toEqual([{ part: 'tag', found: 'v1.0.2', expected: 'v1.0.1' }]);
      expect(noImage.nearest).toBe(`${HOST}/${name}:v1.0.1`);
      expect(noImage.evidence[0]).toContain(`has the repository ${name}, without the tag v1.0.2`);
    });

    test('compares digests', async () => {
      const digest = await lab.push(name, 'v1', 'content');
      const wrong = `sha256:${'0'.repeat(64)}`;
      const found = await explain(`${HOST}/${name}:v1@${wrong}`);
      expect(found.differences).toEqual([{ part: 'digest', found: wrong, expected: digest }]);
      expect((await explain(`${HOST}/${name}@${digest}`)).differences).toEqual([]);
    });

    test('names each wrong part', async () => {
      await lab.push(name, 'v1', 'content');
      const found = await explain(`123456789013.dkr.ecr.eu-west-1.amazonaws.com/${name}:v2`);
      expect(found.differences.map(({ part }) => part)).toEqual(['account', 'region', 'tag']);
    });

    test.each(['docker.io/', '', `${HOST}.example.com/`])(
      'of a name in another registry (%s) finds our image',
      async (registry) => {
        await lab.push(name, 'v1', 'content');
        const found = await explain(`${registry}${name}:v1`);
        expect(found.differences[0]).toMatchObject({ part: 'registry', expected: lab.registry.host });
        expect(found.nearest).toBe(`${lab.registry.host}/${name}:v1`);
      },
    );

    test('suggests nothing for a foreign image unlike any of ours', async () => {
      const found = await explain('registry.k8s.io/pause:3.10');
      expect(found.differences).toEqual([]);
      expect(found.nearest).toBeUndefined();
    });

    test('of an empty repository says so', async () => {
      const found = await explain(`${HOST}/${name}:v1`);
      expect(found.differences).toEqual([{ part: 'tag', found: 'v1', expected: 'none: the repository is empty' }]);
      expect(found.next).toContain('release once');
    });

    test('names an architecture that no node has', async () => {
      await lab.push(name, 'v1', 'content');
      const nodeArchitectures = async () => [otherArchitecture];
      const found = await explain(`${lab.registry.host}/${name}:v1`, { nodeArchitectures });
      expect(found.differences).toEqual([{ part: 'architecture', found: architecture, expected: otherArchitecture }]);
      const right = await explain(`${lab.registry.host}/${name}:v1`, { nodeArchitectures: async () => [architecture] });
      expect(right.differences).toEqual([]);
    });

    test('says when IAM does not report the permissions of the node role', async () => {
      await lab.push(name, 'v1', 'content');
      const nodeRoles = async () => [`arn:aws:iam::${ACCOUNT}:role/nodes`];
      // Moto has no SimulatePrincipalPolicy; what IAM's answers lead to is a unit test.
      const found = await explain(`${HOST}/${name}:v1`, { nodeRoles });
      expect(found.evidence.join()).toMatch(/role\/nodes may pull is unknown/);
    });

    test('of a malformed name says what is wrong with it', async () => {
      const found = await explain(`${HOST}/Team/Sentiment:v1`);
      expect(found.evidence.join()).toContain('lower case');
      expect(found.next).toBe(`write ${HOST}/team/sentiment:v1`);
    });

    test('never throws and respects its deadline', async () => {
      const clients = lab.clients;
      const nodeRoles = () => new Promise<string[]>(() => {});
      await lab.push(name, 'v1', 'content');
      const found = await ecrExplainer({ clients, nodeRoles, deadline: 1000 })(`${HOST}/${name}:v1`);
      expect(found.evidence).toContain('AWS did not answer everything within 1 s');
    });
  });
});

function scanAnswer(repository: string, digest: string, status: string, counts: object, findings: object[] = []) {
  return {
    registryId: ACCOUNT,
    repositoryName: repository,
    imageId: { imageDigest: digest },
    imageScanStatus: { status },
    imageScanFindings: { findingSeverityCounts: counts, findings },
  };
}
