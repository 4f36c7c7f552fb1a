/**
 * Pages of seeds that failed, with planted failures.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Operation } from "../checker/search/mod.ts";
import type { KvInput, KvOutput } from "../checker/mod.ts";
import { kvSeedPages, passingKvSwarm } from "./seed_pages.ts";

type History = Operation<KvInput, KvOutput>[];

/** Lets the last read of a known value see one that nobody wrote. */
function spoil(history: History): void {
  const place = history.findLastIndex(({ output }) =>
    output?.op === "get" && output.error === "OK"
  );
  const found = history[place]!;
  history[place] = { ...found, output: { ...found.output!, value: "never written" } as KvOutput };
}

function dataOf(page: string): Record<string, unknown> {
  const [, json] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page)!;
  return JSON.parse(json!);
}

Deno.test("a failed seed of the key/value swarm is drawn: its messages, the violation, its history", async () => {
  const pages = await kvSeedPages(3, { spoil });
  assertEquals([...pages.keys()], ["kv-seed-3.html", "kv-seed-3-history.html"]);
  const [diagram, timeline] = [...pages.values()];
  assert(diagram!.includes(">violated<") && diagram!.includes("history is not linearizable"));
  const data = dataOf(diagram!);
  assert((data["messages"] as unknown[]).length > 100);
  assertEquals(typeof data["failedAt"], "number");
  assert(timeline!.includes("Not linearizable") && timeline!.includes("never written"));
});

Deno.test("a test whose seed fails says where its pages are", async () => {
  const error = await assertRejects(() => passingKvSwarm(3, { spoil }), Error, "not linearizable");
  const paths = [...error.message.matchAll(/\S+kv-seed-3\S*\.html/g)].map(([path]) => path);
  assertEquals(paths.length, 2, error.message);
  for (const path of paths) assert((await Deno.readTextFile(path)).startsWith("<!doctype html>"));
  await Deno.remove(paths[0]!.slice(0, paths[0]!.lastIndexOf("/")), { recursive: true });
});
