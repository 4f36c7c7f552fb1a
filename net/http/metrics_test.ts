/**
 * The text format of metrics, held against a strict reading of its definition.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { type MetricTable, prometheusText, type Sample, TimeBuckets } from "./metrics.ts";
import { parsePrometheus } from "../../tests/helpers/prometheus.ts";

const TABLE: MetricTable = {
  ["a_total"]: { type: "counter", help: "With a \\ and\na line." },
  b: { type: "gauge", help: "Something." },
  ["c_seconds"]: { type: "histogram", help: "Times." },
};

Deno.test("metrics stand together, whatever order their samples come in", () => {
  const samples: Sample[] = [
    ["b", { node: "n1" }, 1],
    ["a_total", { node: "n1" }, 2],
    ["b", { node: "n2" }, 0.5],
  ];
  assertEquals(
    prometheusText(TABLE, samples),
    "# HELP a_total With a \\\\ and\\na line.\n# TYPE a_total counter\n" +
      'a_total{node="n1"} 2\n# HELP b Something.\n# TYPE b gauge\n' +
      'b{node="n1"} 1\nb{node="n2"} 0.5\n',
  );
});

Deno.test("labels and values of every kind can be read back", () => {
  const label = 'a "quoted" \\ word\nand a line';
  const text = prometheusText(TABLE, [["b", { label }, -1.5e-9], ["b", {}, Infinity]]);
  assertEquals(parsePrometheus(text).get("b")!.samples, [
    { name: "b", labels: { label }, value: -1.5e-9 },
    { name: "b", labels: {}, value: Infinity },
  ]);
});

Deno.test("a sample that the table does not explain is an error of this program", () => {
  for (const name of ["d", "b_count", "c_seconds", "toString"]) {
    assertThrows(() => prometheusText(TABLE, [[name, {}, 1]]), RangeError, `Cannot print ${name}`);
  }
});

Deno.test("a histogram counts each time once, in all buckets from its own on", () => {
  const times = new TimeBuckets();
  for (const ms of [0.05, 0.1, 3, 20_000]) times.add(ms);
  const { samples } = parsePrometheus(prometheusText(TABLE, times.samples("c_seconds"))).get(
    "c_seconds",
  )!;
  const at = (le: string): number => samples.find(({ labels }) => labels["le"] === le)!.value;
  assertEquals([at("0.0001"), at("0.0025"), at("0.005"), at("10"), at("+Inf")], [2, 2, 3, 3, 4]);
  const last = samples.slice(-2).map(({ name, value }) => [name, Number(value.toFixed(6))]);
  assertEquals(last, [["c_seconds_sum", 20.00315], ["c_seconds_count", 4]]);
});
