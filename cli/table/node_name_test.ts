/**
 * Tests of parsing names and groups of nodes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { UsageError } from "./errors.ts";
import { parseGroups, parseNodeName } from "./node_name.ts";

const ids = [1, 2, 3, 4, 5];

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no error";
}

Deno.test("node names may have the prefix n, and must belong to the cluster", () => {
  assertEquals([parseNodeName("n2", ids), parseNodeName("5", ids)], [2, 5]);
  for (const text of ["n6", "0", "x", "n-1", ""]) {
    assertEquals(
      message(() => parseNodeName(text, ids)),
      `Cannot find the node: wanted one of n1, n2, n3, n4, n5, got "${text}"`,
    );
  }
});

Deno.test("groups are separated by bars or words, and rest is the group of all others", () => {
  const all = [[1, 2], [3], [4, 5]];
  assertEquals(parseGroups(["n1", "n2", "|", "n3"], ids), all);
  assertEquals(parseGroups(["n1 n2|n3"], ids), all);
  assertEquals(parseGroups(["n1,n2", "n3"], ids), all);
  assertEquals(parseGroups(["1,2", "3", "4,5"], ids), all);
  assertEquals(
    message(() => parseGroups(["n1,n1"], ids)),
    "Cannot partition: wanted each node once, got n1 twice",
  );
});
