/** Draws the dashboard from the table in panels.ts. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
} from '@grafana/grafana-foundation-sdk/common';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type AnnotationSpec, annotations, type PanelSpec, rows } from './panels.ts';

/** The `uid` in provisioning/datasources. */
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
const HEIGHT = 8;
/** Of the 24 columns of a page. */
const WIDTH = 8;

export function buildDashboard(): Dashboard {
  const builder = new DashboardBuilder('Sentiment')
    .uid('sentiment')
    .description('The sentiment service and its model: written by monitoring/grafana/generate.ts, not by hand.')
    .tags(['sentiment'])
    .timezone('browser')
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .annotations(annotations.map(annotation));
  for (const { title, panels } of rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(draw(panel));
  }
  // Rows are panels too, and an id of 0 is none.
  const dashboard = builder.build();
  let row = 100;
  for (const panel of dashboard.panels ?? []) if (panel.type === 'row') panel.id = ++row;
  return dashboard;
}

function draw(spec: PanelSpec): Builder<Panel> {
  const panel = spec.kind === 'stat' ? stat(spec) : lines(spec);
  return panel
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .height(HEIGHT)
    .span(WIDTH)
    .targets(spec.queries.map(query));
}

function stat({ threshold }: PanelSpec): StatBuilder {
  const panel = new StatBuilder().graphMode(BigValueGraphMode.None);
  return threshold === undefined ? panel : panel.thresholds(above(threshold));
}

function lines({ threshold }: PanelSpec): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .min(0)
    .fillOpacity(10)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    );
  if (threshold === undefined) return panel;
  return panel
    .thresholds(above(threshold))
    .thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

function above(value: number): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: 'green' },
    { value, color: 'red' },
  ]);
}

function query({ expr, legend }: PanelSpec['queries'][number], index: number): Builder<Dataquery> {
  return new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .expr(expr)
    .legendFormat(legend)
    .range();
}

function annotation({ name, color, title, expr }: AnnotationSpec): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .titleFormat(title)
    .step('60s')
    .useValueForTime(true);
}
