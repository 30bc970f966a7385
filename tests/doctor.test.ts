/** `make doctor` on machines with several copies of a tool, and `doctor` with an AWS that does not answer everything. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { awsClients } from '../ci/src/aws/clients.ts';
import { examinePermissions } from '../ci/src/doctor/aws.ts';
import { examineEksVersions } from '../ci/src/doctor/eks.ts';
import { diagnosis } from '../ci/src/doctor/finding.ts';
import { startMoto } from './support/moto.ts';
import { need } from './support/need.ts';
import { start } from './support/process.ts';

const root = resolve('.');
const program = join(root, 'ci/src/doctor/main.ts');

describe('make doctor', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A program that prints the text, whatever its arguments. */
  function install(place: string, name: string, text: string): string {
    const bin = join(folder, place);
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s\\n' '${text}'\n`);
    chmodSync(join(bin, name), 0o755);
    return bin;
  }

  const doctor = (...path: string[]) =>
    start(process.execPath, [program], { cwd: folder, env: { PATH: [...path, '/bin'].join(delimiter) } }).ended;

  test('an old eksctl that hides a new one and does not support our Kubernetes gives two findings', async () => {
    const old = install('old', 'eksctl', '{"Version":"0.100.0","EKSServerSupportedVersions":["1.20","1.22"]}');
    const current = install('new', 'eksctl', '{"Version":"0.230.0","EKSServerSupportedVersions":["1.34","1.35"]}');
    const { code, stderr } = await doctor(old, current);
    expect(code).toBe(1);
    expect(stderr).toContain(`WRONG PATH: eksctl is ${old}/eksctl (0.100.0): it hides ${current}/eksctl (0.230.0)`);
    expect(stderr).toMatch(/WRONG eksctl 0.100.0: it supports Kubernetes 1.20 to 1.22, eksctl.yaml has 1\.\d+/);
    const right = await doctor(current, old);
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toContain(`ok    PATH: eksctl is ${current}/eksctl (0.230.0), before ${old}/eksctl (0.100.0)`);
  });

  test('a machine with one copy of each tool is in order', async () => {
    const { code, stdout } = await doctor(install('bin', 'dagger', 'dagger v0.21.8'));
    expect(stdout).toContain('ok    eksctl: not on the PATH; only creating a cluster needs it');
    expect(code).toBe(0);
  });

  test("the project's own npm, which make puts first, may be older than the machine's", async () => {
    const own = join(root, '.tools/bin');
    const { code, stdout, stderr } = await doctor(
      own,
      install('new', 'npm', '99.0.0'),
      install('old', 'npm', '98.0.0'),
    );
    expect(stderr).toBe('');
    expect(stdout).toContain(`ok    PATH: npm is ${folder}/new/npm (99.0.0), before ${folder}/old/npm (98.0.0)`);
    expect(code).toBe(0);
  });
});

describe.skipIf(!need('moto'))('doctor with an AWS that does not answer everything', () => {
  test('says so, without a fault', async () => {
    const moto = await startMoto();
    const credentials = { kind: 'keys', accessKeyId: 'test', secretAccessKey: 'test' } as const;
    const clients = awsClients({ region: 'us-east-1', endpoint: moto.uri, credentials });
    try {
      // Moto has neither DescribeClusterVersions nor SimulatePrincipalPolicy.
      const findings = [
        await examineEksVersions(clients, '1.35'),
        await examinePermissions(clients, await clients.caller(), { repository: 'sentiment' }),
      ];
      const lines = diagnosis(findings);
      expect(lines).toContain('ok    Kubernetes 1.35 of eksctl.yaml: EKS did not list the versions it supports (');
      expect(lines).toMatch(/permissions of arn:.*not checked \(/);
    } finally {
      clients.destroy();
      await moto.stop();
    }
  });
});
