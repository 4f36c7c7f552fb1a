/**
 * Overload in virtual time: a server with many more clients than it can answer goes on answering as
 * many as it can (X9).
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { runOverload } from "./overload.ts";

const peak = { seed: 1, clerks: 50, seconds: 30, timeoutMs: 10_000 };

Deno.test("a server with thirty times the clients of its peak stores 80 % of its peak", async () => {
  const { goodput } = await runOverload(peak);
  assertGreaterOrEqual(goodput, 490);
  const many = await runOverload({ ...peak, clerks: 30 * peak.clerks });
  assertGreaterOrEqual(many.goodput, 0.8 * goodput);
  assertEquals(Object.keys(many.results), ["stored"]);
  assert(many.requests < 1.2 * many.proposed, "hardly a request is sent twice");
});

Deno.test("a server with a hundred times the clients of its peak stores half of its peak", async () => {
  const { goodput } = await runOverload(peak);
  const many = await runOverload({ ...peak, clerks: 100 * peak.clerks });
  assertGreaterOrEqual(many.goodput, 0.5 * goodput);
  const { stored = 0 } = many.results;
  assert(many.proposed < 1.1 * stored, `${many.proposed} commands for ${stored} stored puts`);
});
