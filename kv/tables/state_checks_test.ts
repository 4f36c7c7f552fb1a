/**
 * Tests of which servers differ. `table_images_test.ts` tests the hashes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { differing, type StateCheck } from "./state_checks.ts";

/** `5a 7b`: hash a at revision 5, hash b at revision 7. */
function checks(text: string): StateCheck[] {
  return text.split(" ").filter((word) => word !== "").map((word) => ({
    revision: Number(word[0]),
    hash: word.slice(1),
  }));
}

function found(...servers: string[]): number[] {
  const all = new Map(servers.map((text, place) => [place + 1, checks(text)]));
  return [...differing(all)].sort();
}

Deno.test("differing finds the smaller part at any common revision", () => {
  assertEquals(found("5a 7b", "5a 7b", "5a 7b"), []);
  assertEquals(found("5a 7b", "5a 7c", "5a 7b"), [2]);
  assertEquals(found("5a", "5a 7b", "5c", "5a", "5d"), [3, 5]);
});

Deno.test("differing names all servers when no part is the larger", () => {
  assertEquals(found("5a", "5b"), [1, 2]);
  assertEquals(found("5a", "5b", "5a", "5b", "5c"), [1, 2, 3, 4, 5]);
});

Deno.test("differing compares only what several servers have checked", () => {
  assertEquals(found("5a", "6b", "7c", ""), []);
});
