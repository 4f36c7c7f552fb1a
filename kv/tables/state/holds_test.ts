/**
 * Tests of holds: the oldest revision that has a reader.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Holds } from "./holds.ts";

Deno.test("Holds keep a revision until its last reader is done", () => {
  const holds = new Holds();
  assertEquals(holds.oldest, Infinity);
  const releases = [7, 5, 5].map((revision) => holds.hold(revision));
  assertEquals([holds.oldest, holds.revisions], [5, [7, 5]]);
  releases[1]!();
  assertEquals(holds.oldest, 5);
  releases[2]!();
  assertEquals(holds.oldest, 7);
  releases[0]!();
  assertEquals(holds.oldest, Infinity);
});

Deno.test("Holds keep deletions for readers that want them", () => {
  const holds = new Holds();
  holds.hold(9);
  const releases = [holds.hold(7, 3), holds.hold(8, 4)];
  assertEquals([holds.oldest, holds.oldestDeletions], [7, 3]);
  releases[0]!();
  assertEquals([holds.oldest, holds.oldestDeletions], [8, 4]);
  releases[1]!();
  assertEquals([holds.oldest, holds.oldestDeletions], [9, Infinity]);
});
