/**
 * Tests of a batch that is put together line by line.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../table/mod.ts";
import { OpenBatch } from "./open_batch.ts";

function batchOf(...lines: readonly string[]): OpenBatch["batch"] {
  const open = new OpenBatch();
  for (const line of lines) open.add(line.split(" "));
  return open.batch;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("the lines of a batch are checks, operations in the order of their fields, and else", () => {
  const { checks, then, otherwise } = batchOf(
    "check a absent",
    "check b version 3",
    "check c value 12",
    "check lock door 7",
    "put a 12",
    "add n 5 clamp",
    "range a b 10 true",
    "renew 1,2",
    "else",
    "get a",
    "count",
  );
  assertEquals(checks, [
    { key: "a", absent: true },
    { key: "b", version: 3 },
    { key: "c", value: bytes("12") },
    { lock: "door", revision: 7 },
  ]);
  assertEquals(then, [
    { op: "put", key: "a", value: bytes("12") },
    { op: "add", key: "n", amount: 5n, overflow: "clamp" },
    { op: "range", start: "a", end: "b", limit: 10, reverse: true, show: "entries" },
    { op: "renew", leases: [1, 2] },
  ]);
  assertEquals(otherwise, [{ op: "get", key: "a" }, { op: "count", start: "", end: null }]);
});

Deno.test("a line that is no part of a batch is refused, and says what was wanted", () => {
  for (
    const [line, wanted] of [
      ["status", "wanted check, else, put"],
      ["put a", "value: wanted"],
      ["put a b c", "wanted put KEY VALUE"],
      ["check a", "wanted a key and one of"],
      ["check a version x", "wanted a whole number"],
      ["grant 1 5", "wanted 100 to 86400000"],
    ] as const
  ) {
    assertThrows(() => batchOf(line), UsageError, wanted);
  }
});
