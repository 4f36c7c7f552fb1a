/**
 * Tests of the log.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "./invariant.ts";
import { Log } from "./log.ts";
import type { Entry, Term } from "./types.ts";
import { entryOf, MEMBERS, momentOf } from "../../../tests/helpers/log_entries.ts";

const ORIGIN = momentOf(0, 0);

/** Entries with the given terms, from index `from`. */
function entries(from: number, ...terms: Term[]): Entry[] {
  return terms.map((term, i) => entryOf(from + i, term, new Uint8Array([term, i])));
}

function terms(log: Log): (Term | null)[] {
  const found = [];
  for (let index = log.base.index; index <= log.last.index; index++) found.push(log.termAt(index));
  return found;
}

/** Covers entries of term 1 up to an index and keeps so many bytes of them. */
function compact(log: Log, index: number, bytesMax: number, keep = Infinity): void {
  log.cover({ index, term: 1 });
  log.trim(bytesMax, keep);
}

Deno.test("Log begins with its base and ends with its last entry", () => {
  const log = new Log(momentOf(4, 2), entries(5, 2, 3));
  assertEquals([log.base, log.last.index, log.last.term], [momentOf(4, 2), 6, 3]);
  assertEquals([3, 4, 5, 6, 7].map((index) => log.termAt(index)), [null, 2, 2, 3, null]);
  assertEquals(new Log(ORIGIN, []).last, ORIGIN);
});

Deno.test("Log.splice keeps its entries when an append arrives late or twice (L3)", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 2));
  assertEquals(log.splice(entries(1, 1, 1)), null);
  assertEquals(log.splice([]), null);
  assertEquals(terms(log), [0, 1, 1, 2]);
  assertEquals(log.takeTail(), null);
});

Deno.test("Log.splice removes all entries from the first conflict on (L3)", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 2, 2));
  assertEquals(log.splice(entries(2, 1, 3)), 3);
  assertEquals(terms(log), [0, 1, 1, 3]);
  assertEquals(log.takeTail()?.from, 3);
});

Deno.test("Log.takeTail reports the lowest changed index once", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1));
  log.append(entries(4, 2)[0]!);
  log.splice(entries(2, 3));
  log.append(entries(3, 3)[0]!);
  const tail = log.takeTail();
  assertEquals([tail?.from, tail?.entries.map(({ index }) => index)], [2, [2, 3]]);
  assertEquals(log.takeTail(), null);
});

Deno.test("Log.takeTail skips entries that a snapshot covers", () => {
  const log = new Log(ORIGIN, []);
  for (const entry of entries(1, 1, 1, 1)) log.append(entry);
  compact(log, 2, Infinity);
  assertEquals(log.takeTail()?.entries.map(({ index }) => index), [3]);
});

Deno.test("Log.trim keeps trailing entries, which do not count as log bytes", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1, 1));
  const one = log.bytes / 4;
  log.cover({ index: 3, term: 1 });
  assertEquals([log.base.index, log.last.index, log.bytes], [0, 4, one]);
  log.trim(2 * one, Infinity);
  assertEquals([log.base.index, log.last.index, log.bytes], [1, 4, one]);
  compact(log, 4, 0);
  assertEquals([log.base, log.last, log.bytes], [momentOf(4, 1), momentOf(4, 1), 0]);
});

Deno.test("Log.trim bounds the bytes of trailing entries (S7)", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1, 1));
  const one = log.bytes / 4;
  compact(log, 3, 3 * one - 1);
  assertEquals([log.base.index, log.bytes], [1, one]);
  log.append(entries(5, 1)[0]!);
  compact(log, 4, one);
  assertEquals([log.base.index, log.bytes], [3, one]);
});

Deno.test("Log.trim keeps more behind a snapshot that is on its way to a peer, in bounds (S6)", () => {
  const log = new Log(ORIGIN, entries(1, ...new Array<Term>(20).fill(1)));
  const one = log.bytes / 20;
  compact(log, 10, one, 4);
  assertEquals([log.base.index, log.bytes], [4, 10 * one]);
  compact(log, 20, one, 4);
  assertEquals([log.base.index, log.bytes], [12, 0]);
  compact(log, 20, one, Infinity);
  assertEquals([log.base.index, log.bytes], [19, 0]);
});

Deno.test("Log.durable follows saves, and goes back where the log is cut (P3)", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1));
  log.append(entries(3, 1)[0]!);
  assertEquals(log.durable, 2);
  log.takeTail();
  log.splice(entries(3, 2, 2));
  log.saved();
  assertEquals(log.durable, 2);
  log.takeTail();
  log.saved();
  assertEquals(log.durable, 4);
  log.splice(entries(2, 3));
  assertEquals(log.durable, 1);
});

Deno.test("Log.splice subtracts the bytes of removed entries", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1));
  const one = log.bytes / 3;
  log.splice(entries(2, 2));
  assertEquals([log.last.index, log.bytes], [2, 2 * one]);
});

Deno.test("Log.reset removes all entries, also from the next save", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1));
  compact(log, 2, 0);
  log.reset(momentOf(9, 3), MEMBERS);
  assertEquals([log.last, log.bytes], [momentOf(9, 3), 0]);
  assertEquals(log.takeTail(), { from: 10, entries: [] });
});

Deno.test("Log.slice returns at least one entry, and as many as the limits allow", () => {
  const log = new Log(ORIGIN, entries(1, 1, 1, 1));
  const one = log.bytes / 3;
  const count = (entriesMax: number, bytesMax: number) => {
    const { entries: found, bytes } = log.slice(1, { entriesMax, bytesMax });
    assertEquals(bytes, found.length * one);
    return found.length;
  };
  assertEquals([count(9, 1), count(9, 2 * one), count(9, 2 * one + 1)], [1, 2, 2]);
  assertEquals([count(2, Infinity), count(9, Infinity)], [2, 3]);
  assertEquals(log.slice(4, { entriesMax: 9, bytesMax: 9 }), { entries: [], bytes: 0 });
});

Deno.test("Log.conflictWith returns the conflicting term, or the end of a shorter log (§5.3)", () => {
  const log = new Log(ORIGIN, entries(1, 1, 4, 4, 4));
  assertEquals(log.conflictWith({ index: 4, term: 5 }), { term: 4, index: 2 });
  assertEquals(log.conflictWith({ index: 9, term: 5 }), { term: null, index: 5 });
});

Deno.test("Log.lastOfTerm finds the last entry of a term, if any", () => {
  const log = new Log(momentOf(2, 1), entries(3, 1, 4, 4, 6));
  assertEquals([1, 4, 6, 5, 7, 0].map((term) => log.lastOfTerm(term)), [3, 5, 6, null, null, null]);
});

Deno.test("Log throws on a gap, a decreasing term, and a removal below a snapshot", () => {
  const log = new Log(ORIGIN, entries(1, 2, 2));
  assertThrows(() => log.append(entries(4, 2)[0]!), InvariantError, "index 4 follows 2");
  assertThrows(() => log.append(entries(3, 1)[0]!), InvariantError, "term 1");
  log.cover({ index: 2, term: 2 });
  assertThrows(() => log.splice(entries(2, 3)), InvariantError, "not covered");
});
