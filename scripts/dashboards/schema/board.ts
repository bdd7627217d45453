// What a dashboard of ours may hold, said with Grafana's own types. `python -m dashboards typed` writes the
// dashboards as values of Board beside this file, and the compiler compares: an unknown field, a wrong
// enum or a missing option is an error that names it.

import type {
  Dashboard,
  DataTransformerConfig,
  FieldConfig,
  FieldConfigSource,
  Panel,
  RowPanel,
} from "@grafana/schema";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON holds the value of an enum where TypeScript wants its name.
type Json<T> = 0 extends 1 & T
  ? any
  : T extends string
    ? `${T}`
    : T extends number
      ? `${T}` extends `${infer N extends number}`
        ? N
        : never
      : T extends boolean | null | undefined
        ? T
        : T extends Array<infer Item>
          ? Json<Item>[]
          : T extends object
            ? { [Key in keyof T]: Json<T[Key]> }
            : T;

type Source = { type: "prometheus"; uid: "${datasource}" };

// The package has no type for a query of Prometheus; this is what its editor writes.
interface Query {
  refId: string;
  datasource: Source;
  expr: string;
  legendFormat: string;
  instant: boolean;
  range: boolean;
  format: "time_series" | "table";
}

// Every panel has a unit, limits, a description and the page of a runbook.
interface Shown<Kind extends string, Options, Custom> {
  id: number;
  type: Kind;
  title: string;
  description: string;
  datasource: Source;
  gridPos: Panel["gridPos"];
  links: [{ title: `Runbook: ${string}`; url: `\${runbooks}/${string}.md`; targetBlank: true }];
  targets: [Query, ...Query[]];
  fieldConfig: {
    defaults: Omit<FieldConfig, "custom" | "unit" | "thresholds"> & {
      unit: string;
      thresholds: NonNullable<FieldConfig["thresholds"]>;
      custom?: Custom;
    };
    overrides: FieldConfigSource["overrides"];
  };
  options: Options;
  transformations?: DataTransformerConfig[];
}

type Drawn =
  | Shown<"stat", Stat.Options, never>
  | Shown<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>
  | Shown<"table", Table.Options, Table.FieldConfig>
  | RowPanel;

export type Board = Json<Omit<Dashboard, "panels"> & { panels: Drawn[] }>;
