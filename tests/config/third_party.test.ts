import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('the bundle of the service carries the licence of each package in it, and THIRD_PARTY.md names all kinds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'third-party-'));
  try {
    execFileSync(process.execPath, ['scripts/bundle.ts', folder], { cwd: root });
    const parts = readFileSync(join(folder, 'THIRD_PARTY_LICENSES.txt'), 'utf8').split(/^-{80}$/m);
    expect(parts.length).toBeGreaterThan(30);
    expect(parts.find((part) => /^\s*koa 3\./.test(part))).toMatch(/MIT[\s\S]*Koa contributors[\s\S]*free of charge/);
    const licences = parts.map((part) => /^\s*\S+ \d\S+ \((.+)\)$/m.exec(part)?.[1] ?? part);
    const told = read('THIRD_PARTY.md');
    expect([...new Set(licences)].filter((licence) => !told.includes(licence))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the licence of package.json and of the image is the one in LICENSE', () => {
  expect(JSON.parse(read('package.json')).license).toBe('MIT');
  expect(read('Dockerfile')).toContain('org.opencontainers.image.licenses="MIT"');
  expect(read('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) 2026 the sentiment-pipeline authors\n/);
});
