import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { DASHBOARD_FILE, dashboardJson } from '../monitoring/grafana/generate.ts';
import { annotations, rows } from '../monitoring/grafana/panels.ts';
import { need, programPath } from './support/need.ts';
import { run } from './support/process.ts';
import { scaleDuration, scaleRules } from './support/time_scale.ts';

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'monitoring');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

type Alert = { alert: string; expr: string; annotations: Record<string, string>; labels: Record<string, string> };
const alerts: Alert[] = parse(read('monitoring/rules/alerts.yml')).groups.flatMap(
  (group: { rules: Alert[] }) => group.rules,
);
const names = [...new Set(alerts.map(({ alert }) => alert))];

async function check(tool: 'promtool' | 'amtool', args: string[], cwd = folder): Promise<string> {
  const { code, stdout, stderr } = await run(programPath(tool)!, args, { cwd });
  return code === 0 ? 'ok' : stdout + stderr;
}

describe.skipIf(!need('promtool'))("Prometheus' own check", () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'promtool-'));
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test('accepts prometheus.yml with all its rules', async () => {
    expect(await check('promtool', ['check', 'config', 'prometheus.yml'])).toBe('ok');
  });

  test('accepts prometheus.kubernetes.yml, except the discovery that Debian builds without', async () => {
    const config = parse(read('monitoring/prometheus.kubernetes.yml'));
    const [job] = config.scrape_configs;
    expect(job.kubernetes_sd_configs).toHaveLength(1);
    delete job.kubernetes_sd_configs;
    config.rule_files = [join(folder, 'rules/*.yml')];
    const path = join(scratch, 'prometheus.yml');
    writeFileSync(path, stringify(config));
    expect(await check('promtool', ['check', 'config', path])).toBe('ok');
  });

  test('rejects an invalid rule', async () => {
    const path = join(scratch, 'broken.yml');
    writeFileSync(path, read('monitoring/rules/recording.yml').replace('sum by (job, endpoint)', 'sum by job'));
    expect(await check('promtool', ['check', 'rules', path])).toMatch(/could not parse expression/);
  });

  test.each(['service.test.yml', 'model.test.yml', 'monitoring.test.yml'])(
    'passes the tests of the alerts in %s',
    async (file) => {
      expect(await check('promtool', ['test', 'rules', `rules/tests/${file}`])).toBe('ok');
    },
  );
});

describe.skipIf(!need('amtool'))("Alertmanager's own check", () => {
  test('accepts alertmanager.yml', async () => {
    expect(await check('amtool', ['check-config', 'alertmanager.yml'])).toBe('ok');
  });

  test.each([
    ['page', ['severity=page', 'alertname=SentimentTargetDown']],
    ['ticket', ['severity=ticket', 'alertname=SentimentModelOld']],
    ['ticket', ['alertname=OfSomebodyElse']],
    ['dead-man', ['severity=none', 'alertname=Watchdog']],
  ])('routes to %s what has %j', async (receiver, labels) => {
    const args = ['config', 'routes', 'test', '--config.file=alertmanager.yml', `--verify.receivers=${receiver}`];
    expect(await check('amtool', [...args, ...labels])).toBe('ok');
  });
});

describe('every alert', () => {
  const tests: { name: string; promql_expr_test: { expr: string; exp_samples: unknown[] }[] }[] = readdirSync(
    join(folder, 'rules/tests'),
  ).flatMap((file) => parse(read(`monitoring/rules/tests/${file}`)).tests);
  const cases = tests.flatMap((each) => each.promql_expr_test);

  test.each(names)('%s has a test in which it fires and one in which it stays quiet', (name) => {
    const own = cases.filter(({ expr }) => expr.includes(`alertname="${name}"`));
    expect(own.some(({ exp_samples }) => exp_samples.length > 0)).toBe(true);
    expect(tests.some((each) => each.name.startsWith(`${name} stays quiet`))).toBe(true);
  });

  test.each(alerts)(
    '$alert ($labels.severity) links to an existing page with its expression',
    ({ alert, expr, annotations }) => {
      const [, page] =
        /^\{\{ \$externalLabels\.runbooks \}\}\/(alert-[a-z-]+\.md)$/.exec(annotations.runbook_url) ?? [];
      const text = read(`docs/runbook/${page}`);
      expect(text).toContain(alert);
      for (const heading of ['## What it means', '## Look', '## Do']) expect(text).toContain(heading);
      for (const line of expr.split('\n')) expect(text).toContain(line.trim());
    },
  );

  test('has a page, and every page an alert', () => {
    const pages = readdirSync(join(root, 'docs/runbook')).filter((file) => file.startsWith('alert-'));
    const linked = alerts.map((alert) => /[^/]+$/.exec(alert.annotations.runbook_url)![0]);
    expect([...new Set(linked)].sort()).toEqual(pages.sort());
  });

  test('is in the table of docs/monitoring.md', () => {
    const text = read('docs/monitoring.md');
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const dashboard = JSON.parse(dashboardJson());

  test('is committed as generated (node monitoring/grafana/generate.ts)', () => {
    expect(readFileSync(DASHBOARD_FILE, 'utf8')).toBe(dashboardJson());
  });

  test('has a unique id for every panel', () => {
    const ids: number[] = dashboard.panels.map((panel: { id: number }) => panel.id);
    expect(ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has every query of the table, on the data source that is chosen above it', () => {
    const drawn = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) => panel.targets ?? []);
    const told = rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries));
    expect(drawn.map(({ expr }: { expr: string }) => expr)).toEqual(told.map(({ expr }) => expr));
    expect(dashboard.annotations.list.map(({ expr }: { expr: string }) => expr)).toEqual(
      annotations.map(({ expr }) => expr),
    );
    const used = JSON.stringify(dashboard).match(/"uid":"[^"]*"/g) ?? [];
    expect([...new Set(used)].sort()).toEqual([`"uid":"$\{datasource}"`, '"uid":"sentiment"']);
    expect(dashboard.templating.list.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['filters', 'adhoc'],
    ]);
  });

  test('has a description and a unit for every panel, and a legend for every line', () => {
    type Drawn = {
      type: string;
      title: string;
      description?: string;
      targets?: { legendFormat?: string }[];
      fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: { value: number | null }[] } } };
    };
    const panels: Drawn[] = dashboard.panels.filter(({ type }: Drawn) => type !== 'row');
    expect(panels.length).toBeGreaterThan(10);
    for (const { title, description, targets = [], fieldConfig } of panels) {
      expect(description?.length, title).toBeGreaterThan(20);
      expect(fieldConfig?.defaults.unit, title).toBeTruthy();
      for (const { legendFormat } of targets) expect(legendFormat, title).toBeTruthy();
      expect(new Set(targets.map(({ legendFormat }) => legendFormat)).size, title).toBe(targets.length);
    }
  });

  test.each([
    [7, 'SentimentLatencyBudgetBurn'],
    [8, 'SentimentErrorBudgetBurn'],
    [14, 'SentimentInputLengthDrift'],
    [17, 'SentimentOneClass'],
    [19, 'SentimentModelOld'],
    [20, 'SentimentFeedbackDisagrees'],
  ])('draws the threshold of panel %i that %s fires at', (id, name) => {
    const panel = rows.flatMap(({ panels }) => panels).find((each) => each.id === id);
    const drawn = dashboard.panels.find((each: { id: number }) => each.id === id);
    expect(drawn.fieldConfig.defaults.thresholds.steps.map(({ value }: { value: number }) => value)).toContain(
      panel?.threshold,
    );
    const alert = alerts.find((each) => each.alert === name);
    expect(alert?.expr).toMatch(new RegExp(`([<>] |\\* )${panel?.threshold}\\b`));
  });

  test('has the captured value of every query and mark in docs/monitoring.md', () => {
    const text = read('docs/monitoring.md');
    const told = [...rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries)), ...annotations];
    expect(told.filter(({ expr }) => !text.includes(`\`${expr.replaceAll('|', '\\|')}\``))).toEqual([]);
  });

  test('names the model by its version, and draws the lengths of texts as bars by bucket', () => {
    const panel = (id: number) => dashboard.panels.find((each: { id: number }) => each.id === id);
    expect(panel(2).options.textMode).toBe('name');
    expect(panel(2).targets[0].legendFormat).toBe('version {{version}}');
    expect([panel(16).type, panel(16).options.xField]).toEqual(['barchart', 'bucket']);
    const { options } = panel(16).transformations.at(-1);
    expect(options.renameByName).toEqual({ 'Value #A': 'now', 'Value #B': 'training' });
  });

  test('places no panel over another', () => {
    const places: { x: number; y: number; w: number; h: number }[] = dashboard.panels.map(
      (panel: { gridPos: object }) => panel.gridPos,
    );
    places.forEach((a, i) => {
      for (const b of places.slice(i + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, `${JSON.stringify(a)} and ${JSON.stringify(b)}`).toBe(true);
      }
    });
  });
});

describe('the faster clock of the tests', () => {
  test('changes durations and nothing else', () => {
    for (const file of ['recording.yml', 'alerts.yml']) {
      const original = read(`monitoring/rules/${file}`);
      expect(parse(scaleRules(original, 1000))).not.toEqual(parse(original));
      const seconds = (yaml: string) =>
        JSON.stringify(parse(yaml)).replace(/(?<=\[|"for":")\d+(ms|[smhd])/g, (duration) =>
          duration.endsWith('ms') ? duration : scaleDuration(duration, 1),
        );
      expect(seconds(scaleRules(original, 1))).toBe(seconds(original));
    }
  });
});
