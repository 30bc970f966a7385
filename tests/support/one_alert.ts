/** A real Prometheus that watches nothing and has one alert of the service, which fires when the test wants. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePort } from './listen.ts';
import { programPath } from './need.ts';
import { PATIENCE } from './patience.ts';
import { start } from './process.ts';

export type OneAlert = { address: string; fire(): Promise<void>; stop(): Promise<void> };

export async function startOneAlert(): Promise<OneAlert> {
  const folder = mkdtempSync(join(tmpdir(), 'alert-'));
  const rule = (expr: string) => {
    const labels = '{ job: sentiment, severity: page }';
    const annotations = '{ summary: as the test wants }';
    const alert = `{ alert: Wanted, expr: "${expr}", labels: ${labels}, annotations: ${annotations} }`;
    writeFileSync(join(folder, 'rules.yml'), `groups: [{ name: wanted, interval: 1s, rules: [${alert}] }]\n`);
  };
  rule('vector(0) > 1');
  writeFileSync(join(folder, 'prometheus.yml'), 'rule_files: [rules.yml]\n');
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle',
  ];
  const running = start(programPath('prometheus') ?? 'prometheus', args, { cwd: folder });
  const isReady = async () => expect((await fetch(`${address}/-/ready`)).status).toBe(200);
  await vi.waitFor(isReady, { timeout: PATIENCE, interval: 200 });
  return {
    address,
    async fire() {
      rule('vector(1) == 1');
      expect((await fetch(`${address}/-/reload`, { method: 'POST' })).status).toBe(200);
    },
    async stop() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
