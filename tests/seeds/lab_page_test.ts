/**
 * The page of a scenario that failed, with a planted failure.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Scenario } from "../cluster/cluster.ts";
import { labScenarios } from "../scenarios/mod.ts";
import { labPage } from "./lab_page.ts";

Deno.test("a scenario that failed is drawn with its messages and the moment of the failure", async () => {
  const real = labScenarios.find(({ part, machine }) => part === "3B" && machine === "log")!;
  const planted: Scenario = {
    ...real,
    run: async (cluster, report) => {
      await real.run(cluster, report);
      throw new Error("one server forgot an entry");
    },
  };
  const { name, html } = await labPage(planted, 7);
  assertEquals(name, `${real.name}-7.html`);
  assert(html.includes(">violated<") && html.includes("one server forgot an entry"));
  const [, json] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(html)!;
  const data = JSON.parse(json!);
  assert(data.messages.length > 20);
  assert(data.failedAt > 0 && data.failedAt <= data.to);
  assert((await labPage(real, 7)).html.includes(">passed<"));
});
