/**
 * The pictures and the table of docs/monitoring.md from a live stack: the service with a model, texts of the corpus, then a
 * burst of one class, all on the tests' faster clock.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { readReviews } from '../../ml/corpus/reviews_file.ts';
import { stampFacts } from '../../ml/model/artifact.ts';
import { annotations, rows } from '../../monitoring/grafana/panels.ts';
import { markdownTable } from '../support/markdown_table.ts';
import { type PrometheusLab, startPrometheusLab } from '../support/prometheus.ts';
import { startService } from '../support/service.ts';
import { startTraffic } from '../support/traffic.ts';
import { drawDashboard, type Sample } from './dashboard.ts';

const root = resolve(import.meta.dirname, '../..');

/** `texts` is a file of reviews. */
export async function takeMonitoringPictures(browser: Browser, modelPath: string, texts: string, pictures: string) {
  const reviews = [...readReviews(texts)];
  const folder = await mkdtemp(join(tmpdir(), 'capture-'));
  const path = join(folder, 'model.bin');
  // As register_model does.
  stampFacts(modelPath, path, { trainedAt: new Date(Date.now() - 5 * 86_400_000).toISOString() });
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const service = await startService({
    MODEL_URI: path,
    MODEL_VERSION: '3',
    DRAIN_SECONDS: '0',
    GIT_COMMIT: commit,
    FEEDBACK_TO: `file:${join(folder, 'feedback')}`,
  });
  const lab = await startPrometheusLab([`${service.host}:${service.port}`]);
  const traffic = startTraffic(
    service.address,
    reviews.map(({ text }) => text),
  );
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  const shoot = (name: string, address: string, height: number) =>
    picture(page, lab, join(pictures, name), address, height);
  const graph = (name: string, expr: string) => {
    const query = new URLSearchParams({
      'g0.expr': expr,
      'g0.tab': '0',
      'g0.range_input': '140s',
      'g0.step_input': '1',
    });
    return shoot(name, `/graph?${query}`, 860);
  };
  try {
    await lab.queryUntil('job:model_prediction_count:increase1h', ([sample]) => sample?.value > 250);
    await sleep(50_000);
    await writeValues(lab);
    await shoot('monitoring-targets.png', '/classic/targets', 740);
    traffic.send(reviews.filter(({ label }) => label === 1).map(({ text }) => text));
    await lab.queryUntil(
      'ALERTS{alertname="SentimentPredictionDrift", alertstate="firing"}',
      ([found]) => found?.value === 1,
    );
    await sleep(20_000);
    await shoot('monitoring-alerts.png', '/classic/alerts', 820);
    traffic.send(reviews.map(({ text }) => text));
    await sleep(20_000);
    await graph('prometheus-query.png', 'model_prediction_count_total');
    await graph('monitoring-classes.png', 'job_prediction:model_prediction_count:share1h');
    await graph('monitoring-drift.png', 'job_signal:model_signal:psi1h');
    const drawn = await drawDashboard((expr, legend) => range(lab, expr, legend));
    await writeFile(join(pictures, 'dashboard.svg'), drawn);
  } finally {
    await page.close();
    await traffic.stop();
    await lab.stop();
    await service.stop();
    await rm(folder, { recursive: true });
  }
}

/** The last 140 seconds, which are more than two hours on the faster clock. */
async function range({ stack }: PrometheusLab, expr: string, legend: string): Promise<Sample[]> {
  const end = Date.now() / 1000;
  const query = new URLSearchParams({ query: expr, start: String(end - 140), end: String(end), step: '2' });
  const response = await fetch(`${stack.prometheusAddress}/api/v1/query_range?${query}`);
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return data.result.map(({ metric, values }) => ({
    name: legend.replace(/{{(\w+)}}/g, (_, label: string) => metric[label] ?? '').trim(),
    points: values.map(([time, value]) => ({ time, value: Number(value) })),
  }));
}

/** Debian builds Prometheus with the older of its two faces, whose addresses begin with /classic. */
async function picture(page: Page, to: PrometheusLab, path: string, address: string, height: number): Promise<void> {
  await page.setViewportSize({ width: 1200, height });
  await page.goto(`${to.stack.prometheusAddress}${address}`, { waitUntil: 'networkidle' });
  await page.screenshot({ path });
}

/** Replaces the table between the two marks in docs/monitoring.md. */
async function writeValues(from: PrometheusLab): Promise<void> {
  const values: string[][] = [];
  for (const { id, title, queries } of rows.flatMap(({ panels }) => panels)) {
    for (const { expr, legend } of queries) {
      const samples = await from.query(expr);
      if (samples.length === 0) throw new Error(`panel ${id} is empty: ${expr}`);
      const told = samples.slice(0, 4).map(({ metric, value }) => {
        const name = legend.replace(/{{(\w+)}}/g, (_, label: string) => metric[label] ?? '').trim();
        return `${name} ${Number(value.toPrecision(3))}`;
      });
      const more = samples.length > 4 ? `, and ${samples.length - 4} more` : '';
      values.push([`${id} ${title}`, `\`${expr.replaceAll('|', '\\|')}\``, `${told.join(', ')}${more}`]);
    }
  }
  for (const { name, title, expr } of annotations) {
    const told = (await from.query(expr)).map(({ metric, value }) => {
      const mark = title.replace(/{{(\w+)}}/g, (_, label: string) => metric[label] ?? '');
      return `${mark}, ${new Date(value).toISOString()}`;
    });
    values.push([`mark ${name}`, `\`${expr}\``, told.join('; ')]);
  }
  const table = markdownTable(['panel', 'query', 'value'], values);
  const file = join(root, 'docs/monitoring.md');
  const text = await readFile(file, 'utf8');
  const marked = /(<!-- values -->\n).*?(<!-- end of values -->)/s;
  if (!marked.test(text)) throw new Error(`${file} has no place for the values`);
  await writeFile(
    file,
    text.replace(marked, (_, start: string, end: string) => `${start}\n${table}\n\n${end}`),
  );
}
