/**
 * `kontiki bench`: which cluster it loads, which keys it leaves, and the costs that it prints.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { runCommand as run, withCluster } from "../helpers/commands.ts";

const small = ["bench", "--connections", "2", "--clients", "4", "--duration", "300ms"];

async function commitOf(flags: readonly string[]): Promise<number> {
  const { nodes } = JSON.parse((await run(["status", "--json", ...flags])).out);
  return Math.max(...nodes.map((node: { status: { commit: number } }) => node.status.commit));
}

Deno.test("bench loads the cluster that its command line names, and leaves no key behind", async () => {
  await withCluster(async ({ flags, endpoints }) => {
    const before = await commitOf(flags);
    const own = await run(small, "", { env: { KONTIKI_ENDPOINTS: endpoints } });
    assertEquals(own.code, exitCodes.ok, own.error);
    assertEquals(own.error, "");
    // The leader may add one entry of its own meanwhile, which raises the feature level.
    assert(await commitOf(flags) <= before + 1);

    const named = await run([...small, "-e", endpoints]);
    assertEquals(named.code, exitCodes.ok, named.error);
    assert(await commitOf(flags) > before + 10);
    assertEquals((await run(["count", "bench/", ...flags])).out, "0\n");
  });
});

Deno.test("bench says what an operation costs the leader, a follower and the load", async () => {
  const { code, out, error } = await run([...small, "--json"]);
  assertEquals(code, exitCodes.ok, error);
  for (const { kind, operations, nodes, loadCpuUsEach } of JSON.parse(out).phases) {
    assert(operations > 0 && loadCpuUsEach > 0, `${kind}: ${out}`);
    const leaders = nodes.filter(({ isLeader }: { isLeader: boolean }) => isLeader);
    assertEquals([nodes.length, leaders.length], [3, 1]);
    for (const { cpuUsEach } of nodes) assert(cpuUsEach > 0 && cpuUsEach < 1e6, `${kind}: ${out}`);
  }
  const text = await run(small);
  assertStringIncludes(text.out, "leader");
  assert(/n\d +follower +CPU +\d+ % +\d+\.\d µs each/.test(text.out), text.out);
});
