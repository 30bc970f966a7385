import { execFileSync, spawnSync } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { causeNames } from '../ci/src/diagnosis/causes.ts';

const script = resolve(import.meta.dirname, 'package.ts');
let folder: string;
let shop: string;
let tarball: string;

/** Another repository, which has the package from a file, and no network. */
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'package-test-')));
  shop = join(folder, 'shop');
  mkdirSync(shop);
  writeFileSync(join(shop, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }');
  tarball = execFileSync(process.execPath, [script, folder], { encoding: 'utf8' }).trim();
  npm('npm', 'install', '--no-audit', '--no-fund', tarball);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function npm(command: 'npm' | 'npx', ...args: string[]) {
  const env = {
    ...process.env,
    KUBECONFIG: '',
    HOME: shop,
    npm_config_cache: join(folder, 'cache'),
    npm_config_update_notifier: 'false',
  };
  return spawnSync(command, ['--offline', '--loglevel=error', ...args], { cwd: shop, env, encoding: 'utf8' });
}

const installed = () => join(shop, 'node_modules/explained-rollout');

test('the package needs nothing beside it: every import is one of its own files or built in', () => {
  expect(readdirSync(join(shop, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'explained-rollout',
  ]);
  const code = globSync('*.mjs', { cwd: installed() }).map((name) => readFileSync(join(installed(), name), 'utf8'));
  const names = code.flatMap((text) =>
    [...text.matchAll(/^import [^'"`]*["']([^'"]+)["'];$/gm)].map(([, name]) => name),
  );
  expect(names.length).toBeGreaterThan(10);
  const isKnown = (name: string) => name.startsWith('./') || builtinModules.includes(name.replace(/^node:/, ''));
  expect(names.filter((name) => !isKnown(name))).toEqual([]);
});

test('npx runs it from the tarball alone, in a folder that is not its own', () => {
  const run = npm('npx', '--yes', `--package=${tarball}`, 'explained-rollout', '--help');
  expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('explained-rollout deploy --manifests') });
  const lost = npm('npx', 'explained-rollout', 'diagnose', '--name', 'front');
  expect(lost).toMatchObject({ status: 4, stderr: expect.stringMatching(/^there is no way into a cluster/) });
});

test('it has the page of every cause, and its paths lead there', () => {
  expect(readdirSync(join(installed(), 'runbook')).sort()).toEqual(causeNames.map((cause) => `${cause}.md`).sort());
  const code = `import { withPages } from 'explained-rollout'; console.log(withPages('  more: docs/runbook/quota.md'));`;
  const near = execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: shop, encoding: 'utf8' });
  expect(near.trim()).toBe('more: node_modules/explained-rollout/runbook/quota.md');
});

test('it carries the licences of what is bundled', () => {
  const text = readFileSync(join(installed(), 'THIRD_PARTY_LICENSES.txt'), 'utf8');
  for (const name of ['@kubernetes/client-node', '@aws-sdk/client-ecr', 'yaml']) expect(text).toContain(`${name} `);
});

test('without a folder it is a usage error', () => {
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('expected one folder');
});
