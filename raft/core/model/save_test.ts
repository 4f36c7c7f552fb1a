/** Tests of the invariants of a save; its effect is tested by the storage suite. @module */

import { assert } from "@std/assert";
import { InvariantError } from "./invariant.ts";
import { applySave, EMPTY } from "./save.ts";
import type { Save } from "./types.ts";
import { entriesOf, saveOf, snapshotOf } from "../../../tests/storage/storage_suite.ts";

Deno.test("applySave refuses saves that the core must never request", () => {
  const held = applySave(
    EMPTY,
    saveOf({
      vote: { term: 3, votedFor: 1 },
      snapshot: snapshotOf(4, 2),
      tail: { from: 5, entries: entriesOf(5, 3, 2) },
    }),
  );
  const refused: readonly [string, Partial<Save>][] = [
    ["a term that goes back", { vote: { term: 2, votedFor: null } }],
    ["a second vote in a term", { vote: { term: 3, votedFor: 2 } }],
    ["a vote withdrawn in its term", { vote: { term: 3, votedFor: null } }],
    ["an older snapshot", { snapshot: snapshotOf(3, 2), tail: { from: 4, entries: [] } }],
    ["entries beyond a conflicting snapshot", { snapshot: snapshotOf(5, 3) }],
    ["a gap", { tail: { from: 9, entries: [] } }],
    ["entries of a term to come", { tail: { from: 8, entries: entriesOf(8, 1, 4) } }],
    ["a snapshot of a term to come", { snapshot: snapshotOf(8, 4) }],
    ["a cut into the snapshot", { tail: { from: 4, entries: [] } }],
    ["entries that do not begin at from", { tail: { from: 8, entries: entriesOf(9, 1, 2) } }],
    ["a term that goes back along the log", { tail: { from: 8, entries: entriesOf(8, 1, 1) } }],
  ];
  for (const [what, change] of refused) {
    let error: unknown;
    try {
      applySave(held, saveOf(change));
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof InvariantError, `${what} was not refused`);
  }
});
