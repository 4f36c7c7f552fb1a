/**
 * Tests of the words for the result of a batch.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { batchOfJson, type BatchResult, type Key, toKey } from "../../kv/mod.ts";
import { failedText, resultLines } from "./batch_words.ts";

const entry = (key: Key, value: string, version: number) => ({
  ...{ key, value: new TextEncoder().encode(value), version, created: 3, revision: 7 },
  ...{ expires: 0, lease: 0 },
});

Deno.test("resultLines says in words what each operation answered", () => {
  const batch = batchOfJson({
    then: [
      { op: "put", key: "colour", value: "blue" },
      { op: "get", key: "shape" },
      { op: "get", key: "colour" },
      { op: "range", start: "c", end: null },
      { op: "grant", lease: 12, ttl: 1000 },
    ],
  });
  const colour = toKey("colour");
  const result: BatchResult = {
    ...{ held: true, revision: 8, failedChecks: [] },
    results: [
      { op: "put", version: 2 },
      { op: "get", entry: null },
      { op: "get", entry: entry(colour, "a\u001bb", 2) },
      { op: "range", entries: [entry(colour, "blue", 2)], next: toKey("d") },
      { op: "grant", created: true },
    ],
  };
  assertEquals(resultLines(batch, result), [
    "put colour  version 2",
    "get shape  not found",
    'get colour  "a\\u001bb"  (version 2)',
    "range c  keys 1, next d",
    "  colour  blue  (version 2)",
    "grant 12  created true",
  ]);
});

Deno.test("failedText names the checks as they are typed in a shell", () => {
  const batch = batchOfJson({
    checks: [
      { key: "colour", version: 3 },
      { key: "shape", absent: true },
      { lock: "backup", revision: 9 },
    ],
    otherwise: [{ op: "get", key: "colour" }],
  });
  const result = { held: false, revision: 8, results: [{ op: "get", entry: null } as const] };
  assertEquals(
    failedText(batch, { ...result, failedChecks: [0] }),
    "1 check failed: colour version 3.",
  );
  assertEquals(
    failedText(batch, { ...result, failedChecks: [1, 2] }),
    "2 checks failed: shape absent; lock backup 9.",
  );
  assertEquals(resultLines(batch, { ...result, failedChecks: [0] }), ["get colour  not found"]);
});
