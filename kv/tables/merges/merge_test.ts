/**
 * Tests of merges: order, and which versions must be kept.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Entry } from "../files/entry.ts";
import { comesBeforeBack, kept, merged, visible, visibleBack } from "./merge.ts";

/** `a5` is version 5 of key a, `a5-` its deletion. */
function entries(text: string): Entry[] {
  return text.split(" ").filter((word) => word !== "").map((word) => {
    const revision = Number(/\d+/.exec(word)![0]);
    const value = word.endsWith("-") ? null : new Uint8Array(1);
    return { key: word[0]!, revision, version: revision, created: 1, value, lease: 0, expires: 0 };
  });
}

function text(found: Iterable<Entry>): string {
  return [...found].map(({ key, revision, value }) => `${key}${revision}${value ? "" : "-"}`)
    .join(" ");
}

Deno.test("merged yields all entries in order, and only one of two equal versions", () => {
  const runs = ["a9 c2", "a9 a3 b1", "", "a5 c2 d1"].map((run) => entries(run)[Symbol.iterator]());
  assertEquals(text(merged(runs)), "a9 a5 a3 b1 c2 d1");
});

Deno.test("merged closes its runs when it is closed", () => {
  let closed = 0;
  function* run(): Generator<Entry, void, void> {
    try {
      yield* entries("a1 b1");
    } finally {
      closed++;
    }
  }
  for (const _entry of merged([run(), run()])) break;
  assertEquals(closed, 2);
});

Deno.test("kept keeps every version after the horizon and the newest one up to it", () => {
  const keep = { horizon: 5, held: [], deletions: 0, hasOlder: () => false };
  assertEquals(text(kept(entries("a9 a6 a5 a4 a1 b4 b3 c7"), keep)), "a9 a6 a5 b4 c7");
});

Deno.test("kept keeps what is seen at a revision that is held", () => {
  const keep = { horizon: 8, held: [3, 6], deletions: 0, hasOlder: () => false };
  assertEquals(
    text(kept(entries("a9 a7 a6 a5 a3 a2 b8 b4- b1 c3 d7 d2"), keep)),
    "a9 a7 a6 a3 b8 b4- b1 c3 d7 d2",
  );
});

Deno.test("kept drops a deletion only when it is old enough and hides no lower version", () => {
  const all = entries("a4- a3 b4 c9- c4- c2 d3- d2");
  const keep = { horizon: 5, held: [], deletions: 4, hasOlder: () => false };
  assertEquals(text(kept(all, keep)), "a4- b4 c9- c4-");
  const hasOlder = (key: string): boolean => key === "d";
  assertEquals(text(kept(all, { ...keep, hasOlder })), "a4- b4 c9- c4- d3-");
  assertEquals(text(kept(all, { ...keep, horizon: 2 })), "a4- a3 b4 c9- c4- c2 d3- d2");
});

Deno.test("visible yields the state at a revision", () => {
  const all = entries("a9 a5 b7- b2 c8 d1-");
  assertEquals(text(visible(all, 10)), "a9 c8");
  assertEquals(text(visible(all, 6)), "a5 b2");
  assertEquals(text(visible(all, 7)), "a5");
  assertEquals(text(visible(all, 1)), "");
});

Deno.test("visibleBack yields the same state from the end", () => {
  const runs = ["d1- c8 b2 a5", "b7- a9"].map((run) => entries(run)[Symbol.iterator]());
  const all = [...merged(runs, comesBeforeBack)];
  assertEquals(text(all), "d1- c8 b2 b7- a5 a9");
  assertEquals(text(visibleBack(all, 10)), "c8 a9");
  assertEquals(text(visibleBack(all, 6)), "b2 a5");
  assertEquals(text(visibleBack(all, 7, 3)), "b7- a5");
  assertEquals(text(visibleBack(all, 7, 1)), "d1- b7- a5");
});

Deno.test("visible shows deletions from a revision on if it is asked for them", () => {
  const all = entries("a9 a5 b7- b2 c8 d1-");
  assertEquals(text(visible(all, 10, 2)), "a9 b7- c8");
  assertEquals(text(visible(all, 10, 0)), "a9 b7- c8 d1-");
});
