/**
 * Runs a soak of a few seconds, which exercises everything that `deno task soak` uses.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { isWell, runSoak } from "../processes/soak.ts";

Deno.test("a short soak succeeds and includes operations and faults", async () => {
  const lines: string[] = [];
  const result = await runSoak({
    seed: 1,
    durationMs: 3000,
    nodes: 3,
    clients: 5,
    print: (line) => void lines.push(line),
    illegal: () => Promise.resolve(),
  });
  assert(isWell(result), `${result.failure}\n${lines.join("\n")}`);
  assertEquals(result.verdicts.ok, 1);
  assertGreater(result.operations, 0);
  assertGreater(result.annotations.length, 0);
});
