// The shape of a dashboard file, panel by panel, from Grafana's own types.
import type * as raw from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Heatmap from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as Text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';

// JSON holds the strings of an enum, which TypeScript would refuse
export type Plain<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : { [K in keyof T]: Plain<T[K]> };

type Link = { title: string; url: string; targetBlank?: boolean };
// newer than the published types: each field's course between its own least and greatest value
type Defaults<Custom> = Plain<Omit<raw.FieldConfig, 'custom' | 'links'>> & {
  custom?: Plain<Custom>; links?: Link[]; fieldMinMax?: boolean;
};
type Property<Custom> =
  | { [K in keyof Custom & string]: { id: `custom.${K}`; value: Plain<Custom[K]> } }[keyof Custom & string]
  | { [K in keyof Omit<raw.FieldConfig, 'custom' | 'links'>]-?: { id: K; value: Plain<raw.FieldConfig[K]> } }[keyof Omit<
      raw.FieldConfig, 'custom' | 'links'>]
  | { id: 'links'; value: Link[] };
type Matcher = { id: 'byName' | 'byRegexp' | 'byFrameRefID'; options: string };
type Override<Custom> = { matcher: Matcher; properties: Property<Custom>[] };

// of Prometheus: not in @grafana/schema
type Target = {
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string; refId: string; legendFormat: string; editorMode: 'code' | 'builder';
  format: 'time_series' | 'table' | 'heatmap'; instant: boolean; range: boolean; hide?: boolean; interval?: string;
};

type PanelOf<Kind extends string, Options, Custom = Record<string, never>> =
  Plain<Omit<raw.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'>> & {
    type: Kind; options: Plain<Options>; targets?: Target[];
    fieldConfig: { defaults: Defaults<Custom>; overrides: Override<Custom>[] };
  };

// of alertlist: not in @grafana/schema either
type AlertListOptions = {
  viewMode: 'list' | 'stat'; groupMode: 'default' | 'custom'; groupBy: string[]; maxItems: number;
  sortOrder: 1 | 2 | 3 | 4 | 5; dashboardAlerts: boolean; alertName: string; alertInstanceLabelFilter: string;
  datasource: string;
  stateFilter: { firing: boolean; pending: boolean; noData: boolean; normal: boolean; error: boolean };
};

export type Panels = {
  timeseries: PanelOf<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>;
  stat: PanelOf<'stat', Stat.Options>;
  bargauge: PanelOf<'bargauge', BarGauge.Options>;
  table: PanelOf<'table', Table.Options, Table.FieldConfig>;
  'state-timeline': PanelOf<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>;
  heatmap: PanelOf<'heatmap', Heatmap.Options, Heatmap.FieldConfig>;
  text: PanelOf<'text', Text.Options>;
  alertlist: PanelOf<'alertlist', AlertListOptions>;
  row: Plain<Omit<raw.RowPanel, 'type' | 'panels'>> & { type: 'row'; panels: never[] };
};

type Variable = Plain<Omit<raw.VariableModel, 'current'>> & { current: Partial<Plain<raw.VariableOption>> };
// `expr` and `step` are what Grafana before 10 reads, `target` what later ones do
type Annotation = Plain<Omit<raw.AnnotationQuery, 'target'>> & {
  expr: string; step: string; titleFormat: string; tagKeys: string; useValueForTime: boolean;
  target: { expr: string; refId: string; interval: string };
};

export type Shell = Plain<Omit<raw.Dashboard, 'panels' | 'templating' | 'annotations'>> & {
  templating: { list: Variable[] }; annotations: { list: Annotation[] };
};
