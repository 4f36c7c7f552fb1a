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
    const oldest = history.add({ revision, bytes: 10, at: 0 });
    assertEquals(oldest, Math.max(1, revision - revisions + 1));
  }
});

Deno.test("History keeps so many bytes, and always the newest revision", () => {
  const bytes = 10_000;
  const history = new History({ revisions: 1000, bytes });
  const half = bytes / 2;
  assertEquals(history.add({ revision: 1, bytes: half, at: 0 }), 1);
  const second = history.add({ revision: 2, bytes: half, at: 0 });
  assert(second === 2, `${second}`);
  assertEquals(history.add({ revision: 3, bytes: 10, at: 0 }), 2);
  assertEquals(history.add({ revision: 9, bytes: 2 * bytes, at: 0 }), 9);
  assertEquals(history.add({ revision: 10, bytes: 10, at: 0 }), 10);
});

Deno.test("History keeps what is no older than its time, and always the newest revision", () => {
  const history = new History({ ms: 1000 });
  const add = (revision: number, at: number): number => history.add({ revision, bytes: 10, at });
  assertEquals([add(1, 0), add(2, 900), add(3, 1000), add(4, 1001)], [1, 1, 1, 2]);
  assertEquals([add(5, 1901), add(6, 50_000), add(7, 50_000)], [3, 6, 6]);
});

Deno.test("History goes on from the marks of the process before, within the same bounds", () => {
  const limits = { bytes: 200_000, ms: 100_000 };
  const whole = new History(limits);
  const first = new History(limits);
  let second = new History(limits);
  for (let revision = 1; revision <= 6000; revision++) {
    const superseding = { revision, bytes: 50 + revision % 7, at: revision };
    const oldest = whole.add(superseding);
    if (revision <= 2000) first.add(superseding);
    if (revision === 2000) {
      // What comes after the revision is applied again.
      const marks = first.marks(1990);
      assert(marks.length <= 64, `${marks.length} marks`);
      assertEquals(marks.at(-1)!.at, 1990);
      second = second.begunWith(marks);
      for (let again = 1991; again < 2000; again++) {
        second.add({ revision: again, bytes: 50 + again % 7, at: again });
      }
    }
    if (revision >= 2000) {
      const found = second.add(superseding);
      assert(Math.abs(found - oldest) <= 32, `${found} instead of ${oldest} at ${revision}`);
    }
  }
});
