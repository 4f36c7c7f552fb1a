/**
 * Metrics in the text format of Prometheus: a table that explains them, samples that may come from
 * several nodes, and a histogram.
 *
 * Invariant: no sample is printed that the table does not explain, and samples of one metric stand
 * together, whatever order they come in.
 *
 * @module
 */

import type { Route } from "./router.ts";

/** What a metric is. */
export interface MetricRow {
  readonly type: "counter" | "gauge" | "histogram";
  /** One sentence for people. */
  readonly help: string;
}

/** Every metric by its name. */
export type MetricTable = Readonly<Record<string, MetricRow>>;

/** One value: the name of its line, its labels, the value. */
export type Sample = readonly [
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
];

/** The upper bounds of the buckets in seconds, from a quick memory access to a lost leader. */
const BOUNDS = [
  ...[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01],
  ...[0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** Counts times in buckets. */
export class TimeBuckets {
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #sum = 0;

  /** Adds a time in milliseconds. */
  add(ms: number): void {
    const seconds = ms / 1000;
    const place = BOUNDS.findIndex((bound) => seconds <= bound);
    this.#counts[place < 0 ? BOUNDS.length : place]! += 1;
    this.#sum += seconds;
  }

  /** The lines of the histogram. */
  samples(name: string, labels: Readonly<Record<string, string>> = {}): Sample[] {
    let count = 0;
    const buckets = [...this.#counts].map((each, place): Sample => {
      count += each;
      const le = place < BOUNDS.length ? `${BOUNDS[place]}` : "+Inf";
      return [`${name}_bucket`, { ...labels, le }, count];
    });
    return [...buckets, [`${name}_sum`, labels, this.#sum], [`${name}_count`, labels, count]];
  }
}

/** The metric of a line: those of a histogram end with what they are. */
export function metricOf(table: MetricTable, line: string): string | null {
  if (Object.hasOwn(table, line)) return table[line]!.type === "histogram" ? null : line;
  const base = line.replace(/_(?:bucket|sum|count)$/, "");
  return Object.hasOwn(table, base) && table[base]!.type === "histogram" ? base : null;
}

/**
 * The page that Prometheus reads.
 *
 * @throws {RangeError} For a sample that the table does not explain.
 */
export function prometheusText(table: MetricTable, samples: readonly Sample[]): string {
  const groups = new Map<string, string[]>();
  for (const [line, labels, value] of samples) {
    const metric = metricOf(table, line);
    if (metric === null) throw new RangeError(`Cannot print ${line}: wanted it in the table`);
    const lines = groups.get(metric) ?? [];
    lines.push(`${line}${labelText(labels)} ${valueText(value)}`);
    groups.set(metric, lines);
  }
  const text: string[] = [];
  for (const [metric, { type, help }] of Object.entries(table)) {
    const lines = groups.get(metric);
    if (lines === undefined) continue;
    text.push(`# HELP ${metric} ${escape(help)}`, `# TYPE ${metric} ${type}`, ...lines);
  }
  return `${text.join("\n")}\n`;
}

/** `GET /metrics`. */
export function metricsRoute(
  table: MetricTable,
  samples: () => readonly Sample[] | Promise<readonly Sample[]>,
): Route {
  return {
    ...{ method: "GET", path: "/metrics" },
    handle: async () =>
      new Response(prometheusText(table, await samples()), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
      }),
  };
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${escape(value).replaceAll('"', '\\"')}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return `${value}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
