/**
 * Tests of snapshots that are received in chunks.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Transfer } from "./transfer.ts";
import { momentOf } from "../../../tests/helpers/log_entries.ts";

const LAST = momentOf(3, 2);

Deno.test("Transfer accepts chunks in order and ignores all others", () => {
  const transfer = new Transfer(2, LAST);
  transfer.add(0, new Uint8Array([1, 2]), 5);
  transfer.add(0, new Uint8Array([9, 9]), 5); // twice
  transfer.add(3, new Uint8Array([9]), 5); // too early
  transfer.add(2, new Uint8Array([3, 4, 5, 6]), 5); // longer than the whole
  assertEquals(transfer.received, 2);
  transfer.add(2, new Uint8Array([3, 4, 5]), 5);
  assertEquals(transfer.snapshot(), { last: LAST, data: new Uint8Array([1, 2, 3, 4, 5]) });
});

Deno.test("Transfer matches only its own sender, index and term", () => {
  const transfer = new Transfer(2, LAST);
  assertEquals([transfer.isOf(2, LAST), transfer.isOf(3, LAST)], [true, false]);
  assertEquals(transfer.isOf(2, momentOf(3, 1)), false);
});
