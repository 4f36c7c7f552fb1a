/**
 * Tests of the sentences about nodes that fall behind.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { NodeReport } from "../../cli/table/mod.ts";
import { pressureText } from "../../cli/cluster/trouble.ts";

function report(id: number, pressure: number | null): NodeReport {
  const tables = pressure === null ? null : { pressure };
  return { id, tables } as unknown as NodeReport;
}

Deno.test("status says which nodes write and merge tables too slowly, and what follows", () => {
  assertEquals(pressureText([report(1, 0.49), report(2, null), null]), "");
  assertEquals(
    pressureText([report(1, 0.5), null, report(2, 0.2), report(3, 1)]),
    "Tables are written and merged more slowly than entries come: n1 (50 %), n3 (100 %). " +
      "At 100 % writes wait, and none is refused.",
  );
});
