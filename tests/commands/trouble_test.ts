/**
 * Tests of the sentences about nodes that fall behind or keep others back.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { NodeReport } from "../../cli/table/mod.ts";
import { levelText, pressureText } from "../../cli/cluster/trouble.ts";

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

Deno.test("status says which nodes keep the cluster at an older feature level", () => {
  const at = (id: number, value: number, known: number): NodeReport =>
    ({ id, level: { value, known } }) as unknown as NodeReport;
  assertEquals(levelText([]), "");
  assertEquals(levelText([at(1, 4, 4), null, at(3, 4, 4)]), "");
  assertEquals(
    levelText([at(1, 3, 4), at(2, 3, 3), { id: 4 } as unknown as NodeReport]),
    "The cluster is at feature level 3 of 4: what is new can be used when n2, n4 are upgraded too.",
  );
  assertEquals(
    levelText([at(1, 3, 4), at(2, 3, 3), at(3, 3, 4)]),
    "The cluster is at feature level 3 of 4: what is new can be used when n2 is upgraded too.",
  );
});
