/**
 * Tests of a log and a state that were made durable one after the other.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { alignedLog } from "./aligned_log.ts";
import { EMPTY, type Entry, type Persistent, type Snapshot } from "../core/mod.ts";
import { MemoryStorage, StorageError } from "../storage/mod.ts";
import { MEMBERS } from "../../tests/helpers/log_entries.ts";

const NO_DATA = new Uint8Array(0);
const TIMES = { steady: 0, wall: 0 };

function stateAt(index: number, term: number): Snapshot {
  return { last: { index, term, times: TIMES }, members: MEMBERS, data: NO_DATA };
}

/** A log of entries of a term, behind a base of term 1. */
function logOf(base: number, { last, term }: { readonly last: number; readonly term: number }) {
  const entries: Entry[] = [];
  for (let index = base + 1; index <= last; index++) {
    entries.push({ index, term, times: TIMES, kind: "command", data: NO_DATA });
  }
  const snapshot = base === 0 ? null : stateAt(base, 1);
  return { ...EMPTY, term: 5, votedFor: 2, snapshot, entries };
}

/** What remains in memory, which must be what remains on the disk: base, first and last index. */
async function aligned(persistent: Persistent, state: Snapshot | null): Promise<number[]> {
  const storage = new MemoryStorage({ persistent });
  const result = await alignedLog(await storage.load(), state, storage);
  assertEquals(await storage.load(), result);
  assertEquals([result.term, result.votedFor], [5, 2]);
  const { snapshot, entries } = result;
  return [snapshot?.last.index ?? 0, entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
}

Deno.test("alignedLog keeps a log that holds the position of the state", async () => {
  for (const index of [0, 3, 5]) {
    assertEquals(await aligned(logOf(0, { last: 5, term: 2 }), stateAt(index, index && 2)), [
      0,
      1,
      5,
    ]);
  }
  assertEquals(await aligned(logOf(3, { last: 5, term: 2 }), stateAt(3, 1)), [3, 4, 5]);
  assertEquals(await aligned(logOf(3, { last: 5, term: 2 }), null), [3, 4, 5]);
});

Deno.test("alignedLog begins a log anew that ends before the state or conflicts with it", async () => {
  assertEquals(await aligned(logOf(0, { last: 5, term: 2 }), stateAt(9, 2)), [9, 0, 0]);
  assertEquals(await aligned(logOf(3, { last: 5, term: 2 }), stateAt(5, 4)), [5, 0, 0]);
  assertEquals(await aligned(logOf(0, { last: 0, term: 2 }), stateAt(2, 1)), [2, 0, 0]);
});

Deno.test("alignedLog refuses a log that has lost entries from which the state was written", async () => {
  const storage = new MemoryStorage();
  const members = { voters: [], outgoing: [], learners: [] };
  const state = { ...stateAt(9, 2), members };
  const lost = alignedLog(logOf(3, { last: 5, term: 2 }), state, storage);
  const wanted = "up to entry 9 of term 2, and the log ends at 5 of term 2";
  const error = await assertRejects(() => lost, StorageError, wanted);
  assertEquals(error.kind, "damaged");
  const fits = { ...stateAt(5, 2), members };
  assertEquals(await aligned(logOf(3, { last: 5, term: 2 }), fits), [3, 4, 5]);
  assertEquals(await aligned(logOf(0, { last: 0, term: 2 }), { ...stateAt(0, 0), members }), [
    0,
    0,
    0,
  ]);
});

Deno.test("alignedLog refuses a state that ends before the log begins", async () => {
  const storage = new MemoryStorage();
  const wanted = "the state ends at entry 2, and the log begins behind 3";
  const gap = alignedLog(logOf(3, { last: 5, term: 2 }), stateAt(2, 1), storage);
  await assertRejects(() => gap, StorageError, wanted);
});
