/**
 * Tests of parsing names and groups of nodes.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CommandError, UsageError } from "./errors.ts";
import { nodesFor, parseGroups, parseNodeName } from "./node_name.ts";

const ids = [1, 2, 3, 4, 5];
const nodes = { ids, leader: 4 };

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
  assertEquals([parseNodeName("n2", nodes), parseNodeName("5", nodes)], [2, 5]);
  for (const text of ["n6", "0", "x", "n-1", ""]) {
    assertEquals(
      message(() => parseNodeName(text, nodes)),
      `Cannot find the node: wanted one of n1, n2, n3, n4, n5, got "${text}"`,
    );
  }
});

Deno.test("groups are separated by bars or words, and rest is the group of all others", () => {
  const all = [[1, 2], [3], [4, 5]];
  assertEquals(parseGroups(["n1", "n2", "|", "n3"], nodes), all);
  assertEquals(parseGroups(["n1 n2|n3"], nodes), all);
  assertEquals(parseGroups(["n1,n2", "n3"], nodes), all);
  assertEquals(parseGroups(["1,2", "3", "4,5"], nodes), all);
  assertEquals(
    message(() => parseGroups(["n1,n1"], nodes)),
    "Cannot partition: wanted each node once, got n1 twice",
  );
});

Deno.test("leader and rest stand for nodes in groups", () => {
  assertEquals(parseNodeName("leader", nodes), 4);
  assertEquals(parseGroups(["leader", "|", "rest"], nodes), [[4], [1, 2, 3, 5]]);
  assertEquals(parseGroups(["rest", "leader,n1"], nodes), [[2, 3, 5], [4, 1]]);
  assertEquals(message(() => parseNodeName("leader", { ids })).includes("wanted one of"), true);
  assertThrows(() => parseNodeName("leader", { ids, leader: null }), CommandError, "no node leads");
  assertEquals(
    message(() => parseGroups(["n1 | rest | rest"], nodes)),
    "Cannot partition: wanted `rest` once, got it twice",
  );
});

Deno.test("groups that are no partition are refused instead of healing the network", () => {
  for (const words of [["|"], ["||"], ["n1,n2,n3,n4,n5"], ["rest"], [","]]) {
    assertEquals(message(() => parseGroups(words, nodes)).includes("two groups or more"), true);
  }
});

Deno.test("the cluster is asked for its leader only when a word is leader", async () => {
  const session = { ids, reports: () => Promise.reject(new Error("not to be asked")) };
  assertEquals(await nodesFor(session, ["n1", "rest"]), { ids, leader: null });
  await assertRejects(() => nodesFor(session, ["n1|leader"]), Error, "not to be asked");
});
