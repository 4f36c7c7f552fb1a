/**
 * The HTTP port with clients and parsers that others wrote, installed from a registry of packages:
 * Python's client of HTTP/2, and the parser of metrics that Prometheus' own Python library has. Left
 * out where Python or the registry is not there.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { METRICS } from "../../../cli/metrics/mod.ts";
import { openNodeDoor } from "../../../cli/door/node_door.ts";
import { listLog } from "../../helpers/list_log.ts";
import { startNode } from "../../helpers/serving_node.ts";
import { withFolder } from "../../helpers/with_folder.ts";

const PACKAGES = ["httpx[http2]==0.28.1", "prometheus_client==0.21.1"];

const PROGRAM = `
import json, sys, httpx
from concurrent.futures import ThreadPoolExecutor
from prometheus_client.parser import text_string_to_metric_families

with httpx.Client(http1=False, http2=True, base_url=sys.argv[1], timeout=20) as client:
    client.put("/v1/keys/snake", content=b"python").raise_for_status()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.get("/v1/keys/snake"), range(100)))
    metrics = client.get("/metrics")
    families = {each.name: [each.type, each.documentation] for each in
                text_string_to_metric_families(metrics.text)}
    print(json.dumps({
        "versions": sorted({each.http_version for each in answers + [metrics]}),
        "texts": sorted({each.text for each in answers}),
        "families": families,
    }))
`;

/** Runs Python; `null`: there is none. */
async function python(args: readonly string[], env: Record<string, string> = {}) {
  try {
    const { success, stdout, stderr } = await new Deno.Command("python3", {
      ...{ args: [...args], env },
    }).output();
    const decoder = new TextDecoder();
    return { success, out: decoder.decode(stdout), error: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

Deno.test("Python's client speaks HTTP/2 with a node, and Prometheus' parser reads its metrics", async () => {
  await withFolder(async (data) => {
    const packages = `${data}/packages`;
    const install = ["-m", "pip", "install", "--quiet", "--target", packages, ...PACKAGES];
    const installed = await python(install);
    if (installed === null || !installed.success) {
      console.log(`skipped: no packages for Python: ${installed?.error ?? "no program python3"}`);
      return;
    }
    const node = await startNode({ data: `${data}/n1`, hasHttp: true });
    const own = { id: 1, cluster: "test", data: `${data}/n1`, log: listLog([]) };
    const door = await openNodeDoor(node, own, {
      address: { hostname: "127.0.0.1", port: 0 },
      access: { token: null, databases: null },
    });
    try {
      const base = `http://127.0.0.1:${door.address.port}`;
      const result = await python(["-c", PROGRAM, base], { PYTHONPATH: packages });
      assertEquals([result!.success, result!.error], [true, ""]);
      const { versions, texts, families } = JSON.parse(result!.out);
      assertEquals([versions, texts], [["HTTP/2"], ["python"]]);
      const known = Object.entries(METRICS).map(([name, { type, help }]) => {
        // The library names a counter without its end.
        return [type === "counter" ? name.replace(/_total$/, "") : name, [type, help]] as const;
      });
      for (const [name, found] of known) {
        if (name in families) assertEquals(families[name], found, name);
      }
      assertEquals(Object.keys(families).filter((name) => !Object.fromEntries(known)[name]), []);
      assert(Object.keys(families).length > 40);
    } finally {
      await door.close();
      await node.stop();
    }
  });
});
