/**
 * A strict reader of the text format of Prometheus (version 0.0.4): whatever Prometheus or its linter
 * would find fault with is an error.
 *
 * @module
 */

import { AssertionError } from "@std/assert";

/** One line with a value. */
export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with all its lines. */
export interface ReadMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: ReadSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const TYPES = ["counter", "gauge", "histogram"];
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/**
 * Every metric by its name.
 *
 * @throws {AssertionError} Naming the line that is wrong, and why.
 */
export function parsePrometheus(text: string): Map<string, ReadMetric> {
  const metrics = new Map<string, ReadMetric>();
  const seen = new Set<string>();
  let help: readonly [string, string] | null = null;
  let current: string | null = null;
  if (!text.endsWith("\n")) throw new AssertionError("wanted a newline at the end");
  for (const [at, line] of text.slice(0, -1).split("\n").entries()) {
    const wrong = (why: string): AssertionError =>
      new AssertionError(`line ${at + 1}: ${why}: ${line}`);
    const [hash, keyword, name = "", ...rest] = line.split(" ");
    if (hash === "#" && keyword === "HELP") {
      if (!NAME.test(name) || rest.length === 0) throw wrong("wanted a name and a help");
      help = [name, rest.join(" ")];
    } else if (hash === "#" && keyword === "TYPE") {
      if (help?.[0] !== name) throw wrong("wanted its HELP before");
      if (metrics.has(name)) throw wrong("wanted all lines of a metric together");
      if (!TYPES.includes(rest.join(" "))) throw wrong("wanted a known type");
      if ((rest[0] === "counter") !== name.endsWith("_total")) throw wrong("wanted _total");
      metrics.set(name, { type: rest[0]!, help: help[1], samples: [] });
      current = name;
    } else {
      const sample = parseLine(line);
      if (sample === null) throw wrong("wanted a name, labels and a value");
      const metric: ReadMetric | undefined = current === null ? undefined : metrics.get(current);
      const base: string = metric?.type === "histogram"
        ? sample.name.replace(/_(?:bucket|sum|count)$/, "")
        : sample.name;
      if (metric === undefined || base !== current) throw wrong("wanted its TYPE before");
      const key = line.slice(0, line.lastIndexOf(" "));
      if (seen.has(key)) throw wrong("wanted each series once");
      seen.add(key);
      metric.samples.push(sample);
    }
  }
  for (const [name, metric] of metrics) checkMetric(name, metric);
  return metrics;
}

function parseLine(line: string): ReadSample | null {
  const [, name, inner, value] = LINE.exec(line) ?? [];
  const number = value === undefined ? null : parseValue(value);
  if (name === undefined || number === null) return null;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (inner !== undefined && LABEL.lastIndex < inner.length) {
    const [, label, text, end] = LABEL.exec(inner) ?? [];
    if (label === undefined || Object.hasOwn(labels, label)) return null;
    if (end === "," && LABEL.lastIndex === inner.length) return null;
    labels[label] = text!.replaceAll(/\\(.)/g, (_, each) => each === "n" ? "\n" : each);
  }
  return { name, labels, value: number };
}

function parseValue(text: string): number | null {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text === "NaN") return NaN;
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text) ? Number(text) : null;
}

/** Values that cannot be: a negative count, a histogram that shrinks or does not add up. */
function checkMetric(name: string, { type, samples }: ReadMetric): void {
  const wrong = (why: string): AssertionError => new AssertionError(`${name}: ${why}`);
  if (samples.length === 0) throw wrong("wanted a sample");
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw wrong("negative");
  if (type !== "histogram") return;
  const series = Map.groupBy(samples, ({ labels: { le: _, ...rest } }) => JSON.stringify(rest));
  for (const lines of series.values()) {
    const buckets = lines.filter((each) => each.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => parseValue(labels["le"] ?? "") ?? NaN);
    if (bounds.some((bound, at) => !(bound > (bounds[at - 1] ?? -Infinity)))) throw wrong("bounds");
    if (bounds.at(-1) !== Infinity) throw wrong("wanted a last bucket +Inf");
    if (buckets.some(({ value }, at) => value < (buckets[at - 1]?.value ?? 0))) {
      throw wrong("sizes");
    }
    const count = lines.find((each) => each.name === `${name}_count`)?.value;
    if (count !== buckets.at(-1)!.value) throw wrong("wanted the count in the last bucket");
    if (!lines.some((each) => each.name === `${name}_sum`)) throw wrong("wanted a sum");
  }
}
