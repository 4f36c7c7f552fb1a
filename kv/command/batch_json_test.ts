/**
 * Tests of batches and their results as JSON.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { SAMPLES } from "../../tests/helpers/samples.ts";
import { batchOfJson, jsonOfBatch, jsonOfResult, resultOfJson } from "./batch_json.ts";

function again(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json));
}

Deno.test("batchOfJson reads every operation and check that jsonOfBatch wrote", () => {
  const { checks, operations } = SAMPLES;
  const batch = { checks, then: operations, otherwise: operations.toReversed(), at: 0 };
  assertEquals(batchOfJson(again(jsonOfBatch(batch))), batch);
  const read = { checks: [], then: [{ op: "get", key: "k" }], otherwise: [], at: 9 } as const;
  assertEquals(batchOfJson(again(jsonOfBatch(read))), read);
});

Deno.test("resultOfJson reads every result that jsonOfResult wrote", () => {
  const result = { held: false, revision: 8, failedChecks: [2], results: SAMPLES.results };
  assertEquals(resultOfJson(again(jsonOfResult(result))), result);
});

Deno.test("jsonOfBatch writes text where bytes are text, and leaves out what is usual", () => {
  const text = new TextEncoder().encode("größer");
  const batch = {
    checks: [{ key: "k", absent: true }],
    then: [
      { op: "put", key: "k", value: text },
      { op: "range", start: "a", end: null, limit: 1000, reverse: false, show: "entries" },
    ],
    otherwise: [],
    at: 0,
  } as const;
  assertEquals(jsonOfBatch(batch), {
    checks: [{ key: "k", absent: true }],
    then: [{ op: "put", key: "k", value: "größer" }, { op: "range", start: "a" }],
  });
});

Deno.test("batchOfJson names the field that is wrong", () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [7, "the batch: wanted an object, got 7"],
    [{ than: [] }, 'wanted checks, then, otherwise or at, got "than"'],
    [{ then: {} }, "then: wanted a list"],
    [{ then: [{ op: "putt" }] }, "then[0].op: wanted one of put, delete"],
    [{ then: [{ op: "put", key: "k" }] }, "then[0].value: wanted a value"],
    [{ then: [{ op: "put", key: "", value: "" }] }, "then[0].key: wanted a key of 1 to"],
    [{ then: [{ op: "put", key: "k", value: { base64: "?" } }] }, "then[0].value"],
    [{ otherwise: [{ op: "get", key: "k", limit: 3 }] }, 'otherwise[0]: wanted no field "limit"'],
    [{ otherwise: [{ op: "add", key: "k", amount: -1 }] }, "otherwise[0].amount"],
    [{ otherwise: [{ op: "add", key: "k", amount: 1.5 }] }, "otherwise[0].amount"],
    [{ checks: [{ key: "k" }] }, "checks[0]: wanted a key and one of absent"],
    [{ checks: [{ key: "k", absent: true, version: 1 }] }, "checks[0]: wanted a key and one of"],
    [{ checks: [{ key: "k", absent: false }] }, "checks[0].absent: wanted true, got false"],
    [{ checks: [{ key: "k", version: "1" }] }, "checks[0].version: wanted a whole number"],
    [{ at: -1 }, "at: wanted a whole number"],
  ];
  for (const [json, message] of wrong) {
    assertThrows(() => batchOfJson(json), SyntaxError, message);
  }
});
