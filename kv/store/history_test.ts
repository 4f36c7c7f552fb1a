/**
 * Tests of how far back reads reach.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { History } from "./history.ts";

Deno.test("History keeps so many revisions", () => {
  const revisions = 1000;
  const history = new History({ revisions, bytes: 1e9 });
  for (let revision = 1; revision <= 10 * revisions; revision++) {
    const oldest = history.add(revision, 10);
    assertEquals(oldest, Math.max(1, revision - revisions + 1));
  }
});

Deno.test("History keeps so many bytes, and always the newest revision", () => {
  const bytes = 10_000;
  const history = new History({ revisions: 1000, bytes });
  const half = bytes / 2;
  assertEquals(history.add(1, half), 1);
  const second = history.add(2, half);
  assert(second === 2, `${second}`);
  assertEquals(history.add(3, 10), 2);
  assertEquals(history.add(9, 2 * bytes), 9);
  assertEquals(history.add(10, 10), 10);
});
