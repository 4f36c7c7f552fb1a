/**
 * The metrics of a node, the page that explains them, and the dashboard that shows them.
 * `deno test -A cli/door/metrics_test.ts -- --rewrite` writes the page's table anew.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { metricOf } from "../../net/http/mod.ts";
import { listLog } from "../../tests/helpers/list_log.ts";
import { parsePrometheus } from "../../tests/helpers/prometheus.ts";
import { startNode, storeOf } from "../../tests/helpers/serving_node.ts";
import { until } from "../../tests/helpers/until.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { METRICS } from "../metrics/metrics.ts";
import { openNodeDoor } from "./node_door.ts";
import { samplesOf } from "../metrics/samples.ts";

const PAGE = new URL("../../docs/metrics.md", import.meta.url);
const DASHBOARD = new URL("../../docs/grafana.json", import.meta.url);

/** The table of the page. */
function tableLines(): string[] {
  const rows = Object.entries(METRICS).map(([name, { type, help }]) => [`\`${name}\``, type, help]);
  const all = [["metric", "type", "meaning"], ...rows];
  const widths = [0, 1, 2].map((at) => Math.max(...all.map((row) => row[at]!.length)));
  const line = (row: string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(all[0]!), rule, ...all.slice(1).map(line)];
}

Deno.test("docs/metrics.md explains every metric, and no other", () => {
  const text = Deno.readTextFileSync(PAGE);
  const lines = text.split("\n");
  const begin = lines.findIndex((line) => line.startsWith("| metric"));
  const end = lines.findIndex((line, at) => at > begin && !line.startsWith("|"));
  if (Deno.args.includes("--rewrite")) {
    const next = [...lines.slice(0, begin), ...tableLines(), ...lines.slice(end)];
    Deno.writeTextFileSync(PAGE, next.join("\n"));
    return;
  }
  assertEquals(lines.slice(begin, end), tableLines());
});

Deno.test("the dashboard shows metrics that exist, and most of them", () => {
  const text = Deno.readTextFileSync(DASHBOARD);
  assertEquals(typeof JSON.parse(text).title, "string");
  const names = new Set(text.match(/kontiki_\w+/g)!);
  for (const name of names) assert(metricOf(METRICS, name) !== null, name);
  assert(names.size > 15);
});

Deno.test("a node's metrics are well formed, and count what happened", async () => {
  await withFolder(async (data) => {
    const node = await startNode({ data, hasHttp: true });
    const settings = { id: 1, cluster: "test", data, log: listLog([]) };
    const address = { hostname: "127.0.0.1", port: 0 };
    const door = await openNodeDoor(node, settings, {
      address,
      access: { token: "t", databases: null },
    });
    try {
      await using store = storeOf([node]);
      for (const key of ["a", "b", "c"]) {
        assertEquals((await store.put(key, "value")).outcome, "yes");
      }
      await store.get("a");
      await store.batch().grant(7, 60_000).commit();
      const ask = async () => {
        const headers = { authorization: "Bearer t" };
        const response = await fetch(`http://127.0.0.1:${door.address.port}/metrics`, { headers });
        const type = response.headers.get("content-type");
        assertEquals(type, "text/plain; version=0.0.4; charset=utf-8");
        return parsePrometheus(await response.text());
      };
      await until(async () => {
        const counts = (await ask()).get("kontiki_request_seconds")!.samples;
        const of = (kind: string) =>
          counts.find(({ name, labels }) => name.endsWith("_count") && labels["kind"] === kind);
        return of("write")!.value >= 3 && of("read")!.value >= 1;
      }, "the requests in the histogram");
      const metrics = await ask();
      const value = (name: string): number => metrics.get(name)!.samples[0]!.value;
      assertEquals(metrics.get("kontiki_is_leader")!.samples, [
        { name: "kontiki_is_leader", labels: { node: "n1" }, value: 1 },
      ]);
      assertEquals(value("kontiki_voters"), 1);
      assert(value("kontiki_applied_index") >= 4);
      assert(value("kontiki_saves_total") >= 3);
      assertEquals(value("kontiki_clients"), 1);
      assertEquals([value("kontiki_leader_changes_total"), value("kontiki_leases")], [1, 1]);
      const answered = metrics.get("kontiki_http_requests_total")!.samples;
      assertEquals(answered.map(({ labels }) => labels["code"]), ["200"]);
      const refused = await fetch(`http://127.0.0.1:${door.address.port}/metrics`);
      await refused.body?.cancel();
      assertEquals(refused.status, 401);
    } finally {
      await door.close();
      await node.stop();
    }
  });
});

Deno.test("a node that does not answer is shown as down", () => {
  for (const value of [null, "x", [["kontiki_up", {}]], [["kontiki_up", null, 1]]]) {
    assertEquals(samplesOf(value, "n2"), [["kontiki_up", { node: "n2" }, 0]]);
  }
  assertEquals(samplesOf([["kontiki_up", { node: "n2" }, 1]], "n2").length, 1);
});
