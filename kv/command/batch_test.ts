/**
 * Tests of the bytes of batches and their results, and of every limit.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SAMPLES } from "../../tests/helpers/samples.ts";
import { type Batch, BATCH_LIMITS, isRepeatable } from "./batch.ts";
import { readBatch, readResult, writeBatch, writeResult } from "./batch.ts";
import { MalformedBytes, Reader, Writer } from "./bytes.ts";
import { CHECKS } from "./checks.ts";
import { type Operation, OPERATIONS } from "./operations.ts";

const value = new Uint8Array(0);
const put = { op: "put", key: "k", value } as const;
const get = { op: "get", key: "k" } as const;

function batch(fields: Partial<Batch>): Batch {
  return { checks: [], then: [], otherwise: [], at: 0, ...fields };
}

function written(given: Batch): Uint8Array {
  const to = new Writer();
  writeBatch(to, given);
  return to.finish();
}

Deno.test("the codes of operations and checks differ", () => {
  for (const table of [OPERATIONS, CHECKS]) {
    const codes = Object.values(table).map(({ code }) => code);
    assertEquals(new Set(codes).size, codes.length);
  }
});

Deno.test("readBatch reads every operation and check as it was written", () => {
  const { checks, operations } = SAMPLES;
  for (const then of [[], operations, ...operations.map((operation) => [operation])]) {
    const given = batch({ checks, then, otherwise: operations.toReversed() });
    assertEquals(readBatch(new Reader(written(given))), given);
  }
  const given = batch({ then: [get], at: 12 });
  assertEquals(readBatch(new Reader(written(given))), given);
});

Deno.test("writeBatch writes the documented bytes", () => {
  const bytes = written(batch({ checks: [{ key: "k", version: 2 }], then: [put] }));
  assertEquals(
    [...bytes],
    [
      ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0],
      ...[3, 0, 1, 107, 0, 0, 0, 0, 0, 0, 0, 2],
      ...[1, 0, 1, 107, 0, 0, 0, 0],
    ],
  );
});

Deno.test("readResult reads every result as it was written", () => {
  for (const results of [[], SAMPLES.results, ...SAMPLES.results.map((result) => [result])]) {
    const given = { held: true, revision: 7, failedChecks: [1, 999], results };
    const to = new Writer();
    writeResult(to, given);
    assertEquals(readResult(new Reader(to.finish())), given);
  }
});

Deno.test("readBatch refuses truncated bytes, trailing bytes and unknown codes", () => {
  const bytes = written(batch({ checks: SAMPLES.checks, then: SAMPLES.operations }));
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => readBatch(new Reader(bytes.subarray(0, length))), MalformedBytes);
  }
  assertThrows(() => readBatch(new Reader(Uint8Array.of(...bytes, 0))), MalformedBytes);
  const unknown = written(batch({ then: [put] })).with(14, 200);
  assertThrows(() => readBatch(new Reader(unknown)), MalformedBytes, "200");
});

Deno.test("readBatch returns on random bytes, and what it accepts is written the same", () => {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
  const whole = written(batch({ checks: SAMPLES.checks, then: SAMPLES.operations }));
  let accepted = 0;
  for (let run = 0; run < 5000; run++) {
    const noise = whole.slice();
    for (let flips = 0; flips < 3; flips++) {
      noise[Math.floor(random() * noise.length)] = Math.floor(random() * 256);
    }
    try {
      assertEquals(written(readBatch(new Reader(noise))), noise);
      accepted++;
    } catch (error) {
      assert(error instanceof MalformedBytes, `${error}`);
    }
  }
  assert(accepted > 20, `only ${accepted} were read at all`);
});

Deno.test("writeBatch refuses what is beyond a limit, naming wanted and given", () => {
  const key = "k".repeat(4097);
  const long = new Uint8Array(2 ** 20 + 1);
  const megabyte = new Uint8Array(2 ** 20);
  const wrong: readonly (readonly [Partial<Batch>, string])[] = [
    [{ then: [{ ...put, key: "" }] }, "key"],
    [{ then: [{ ...put, key }] }, "4096 bytes"],
    [{ then: [{ ...put, key: "ü🚣" }] }, "key"],
    [{ then: [{ ...put, value: long }] }, "1048576 bytes, got 1048577"],
    [{ checks: [{ key: "k", version: -1 }] }, "version"],
    [{ checks: [{ key: "k", value: long }] }, "value"],
    [{ then: [{ op: "add", key: "k", amount: 2n ** 64n, overflow: "wrap" }] }, "2^64 - 1"],
    [{ then: [{ op: "deleteRange", start: "", end: null, limit: 1001 }] }, "1 to 1000, got 1001"],
    [{ then: Array<Operation>(BATCH_LIMITS.operations + 1).fill(get) }, "got 0 and 1001"],
    [
      { checks: Array(BATCH_LIMITS.operations + 1).fill({ key: "k", present: true }) },
      "1000 checks, and as many operations, got 1001 and 0",
    ],
    [{ then: Array.from({ length: 8 }, () => ({ ...put, value: megabyte })) }, "8388608 bytes"],
    [{ then: [put], at: 3 }, "reads only, got 3"],
  ];
  for (const [fields, message] of wrong) {
    assertThrows(() => written(batch(fields)), RangeError, message);
  }
});

Deno.test("readBatch refuses more operations than the limit, also where all bytes are right", () => {
  const one = written(batch({ then: [get] }));
  const many = (count: number): Uint8Array => {
    const head = one.slice(0, 14);
    new DataView(head.buffer).setUint16(10, count);
    return Uint8Array.of(
      ...head,
      ...Array.from({ length: count }, () => [...one.slice(14)]).flat(),
    );
  };
  const { operations } = BATCH_LIMITS;
  assertEquals(readBatch(new Reader(many(operations))).then.length, operations);
  assertThrows(() => readBatch(new Reader(many(operations + 1))), MalformedBytes, "at most 1000");
});

Deno.test("isRepeatable holds for reads and for writes that fail the second time", () => {
  const version = { key: "k", version: 1 };
  const yes: readonly Partial<Batch>[] = [
    { then: [get], otherwise: [get] },
    { checks: [version], then: [put] },
    { checks: [{ key: "k", revision: 1 }], then: [get, put], otherwise: [get] },
  ];
  const no: readonly Partial<Batch>[] = [
    { then: [put] },
    { checks: [version], then: [{ ...put, key: "other" }] },
    { checks: [version], then: [put], otherwise: [put] },
    // A deletion of a key that does not exist changes no version.
    { checks: [version], then: [{ op: "delete", key: "k" }, { ...put, key: "other" }] },
    // The key may be gone again by the time the second request arrives.
    { checks: [{ key: "k", absent: true }], then: [put] },
  ];
  for (const fields of yes) assert(isRepeatable(batch(fields)), JSON.stringify(fields));
  for (const fields of no) assert(!isRepeatable(batch(fields)), JSON.stringify(fields));
});
