/**
 * Atomic writes on a store in this process.
 *
 * @module
 */

import { serialize } from "node:v8";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  bytesOf,
  LocalConnect,
  set,
  textOf,
  type Write,
} from "../../tests/helpers/local_connect.ts";
import type { BatchOutcome } from "../../kv/mod.ts";
import { stampOf } from "./database.ts";
import { AtomicWriteOutput, CONNECT_LIMITS, MUTATION, WRITE_STATUS } from "./messages.ts";
import { ConnectRefusal } from "./refusal.ts";
import { writeAnswer } from "./write.ts";

const { success, checkFailure } = WRITE_STATUS;

function u64(number: bigint) {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, number, true);
  return { data, encoding: 2 };
}

const v8 = (value: unknown) => ({ data: new Uint8Array(serialize(value)), encoding: 1 });

Deno.test("a write is done at one revision, which is its versionstamp", async () => {
  const connect = new LocalConnect();
  const { status, versionstamp } = await connect.write({
    mutations: [set("a", "1"), set("b", "2")],
  });
  assertEquals([status, versionstamp], [success, stampOf(1)]);
  const { ranges } = await connect.read([{ start: bytesOf("a"), end: bytesOf("c"), limit: 9 }]);
  assertEquals(ranges[0]!.values.map((entry) => entry.versionstamp), [versionstamp, versionstamp]);
  await connect.write({ mutations: [{ key: bytesOf("a"), mutationType: MUTATION.delete }] });
  assertEquals(await connect.entries(), ["b=2"]);
});

Deno.test("checks compare versionstamps, and absence, and one that fails prevents everything", async () => {
  const connect = new LocalConnect();
  const key = bytesOf("k");
  const write = async (versionstamp: Uint8Array, value: string) => {
    return await connect.write({ checks: [{ key, versionstamp }], mutations: [set("k", value)] });
  };
  const absent = new Uint8Array();
  const first = await write(absent, "1");
  assertEquals(first.status, success);
  assertEquals(await write(absent, "2"), {
    status: checkFailure,
    versionstamp: absent,
    failedChecks: [0],
  });
  const next = await write(first.versionstamp, "3");
  assertEquals(next.status, success);
  const foreign = next.versionstamp.with(9, 1);
  const huge = new Uint8Array(10).fill(255);
  for (const wrong of [first.versionstamp, foreign, huge, new Uint8Array(10)]) {
    assertEquals((await write(wrong, "4")).status, checkFailure);
  }
  assertEquals(await connect.entries(), ["k=3"]);
  await connect.write({ mutations: [{ key, mutationType: MUTATION.delete }] });
  assertEquals((await write(next.versionstamp, "5")).status, checkFailure);
  assertEquals((await write(absent, "6")).status, success);
});

Deno.test("a write of checks alone, and an empty one, have versionstamps that grow", async () => {
  const connect = new LocalConnect();
  const stamps = [
    (await connect.write({})).versionstamp,
    (await connect.write({ checks: [{ key: bytesOf("none") }] })).versionstamp,
    (await connect.write({ mutations: [set("a", "1")] })).versionstamp,
    (await connect.write({})).versionstamp,
  ];
  assertEquals(stamps, [1, 2, 3, 4].map(stampOf));
  assertEquals(await connect.entries(), ["a=1"]);
});

Deno.test("numbers are summed, lowered and raised, with bounds for those that V8 serialized", async () => {
  const connect = new LocalConnect();
  const key = bytesOf("n");
  const done = async (mutationType: number, value: ReturnType<typeof u64>, more = {}) => {
    await connect.write({ mutations: [{ key, mutationType, value, ...more }] });
    const { ranges } = await connect.read([{ start: key, end: bytesOf("o"), limit: 1 }]);
    const [entry] = ranges[0]!.values;
    return [entry!.encoding, ...entry!.value];
  };
  assertEquals(await done(MUTATION.sum, u64(5n), { sumMax: v8(1n).data }), [2, ...u64(5n).data]);
  assertEquals(await done(MUTATION.sum, u64(6n)), [2, ...u64(11n).data]);
  assertEquals(await done(MUTATION.min, u64(4n)), [2, ...u64(4n).data]);
  assertEquals(await done(MUTATION.max, u64(9n)), [2, ...u64(9n).data]);
  await connect.write({ mutations: [{ key, mutationType: MUTATION.set, value: v8(10n) }] });
  const bounds = { sumMin: v8(0n).data, sumMax: v8(12n).data };
  const more = { ...bounds, sumClamp: true };
  assertEquals(await done(MUTATION.sum, v8(1n), more), [1, ...v8(11n).data]);
  assertEquals(await done(MUTATION.sum, v8(5n), more), [1, ...v8(12n).data]);
  assertEquals(await done(MUTATION.sum, v8(-50n), more), [1, ...v8(0n).data]);
  const refused = {
    mutations: [set("other", "x"), { key, mutationType: 3, value: v8(13n), ...bounds }],
  };
  await assertRejects(() => connect.write(refused), ConnectRefusal, "exceed its range limit");
  assertEquals(await connect.entries(), [`n=${textOf(v8(0n).data)}`]);
});

Deno.test("a key with the versionstamp at its end is what the client computes from the answer", async () => {
  const connect = new LocalConnect();
  const key = bytesOf("\x02log\0");
  const mutation = { ...set("", "x"), key, mutationType: MUTATION.setSuffixVersionstampedKey };
  await connect.write({ mutations: [mutation] });
  assertEquals(await connect.entries(), [`\x02log\0\x02${"1".padStart(16, "0")}0000\0=x`]);
});

Deno.test("a time of expiry reaches the store", async () => {
  const connect = new LocalConnect();
  const later = set("a", "1", { expireAtMs: 4_102_444_800_000n });
  await connect.write({ mutations: [later, set("b", "2"), set("c", "3", { expireAtMs: -1n })] });
  const then = ["a", "b", "c"].map((key) => ({ op: "get", key: `db/test/${key}` }) as const);
  const outcome = await connect.execute({ checks: [], then, otherwise: [], at: 0 });
  assert(outcome.type === "done");
  const ends = outcome.result.results.map((result) => result.op === "get" && result.entry?.expires);
  assertEquals(ends, [4_102_444_800_000, undefined, undefined]);
});

Deno.test("messages for the queue are stored in the order in which they are due", async () => {
  const connect = new LocalConnect();
  const message = (payload: string, deadlineMs: bigint) => ({
    ...{ payload: bytesOf(payload), deadlineMs, keysIfUndelivered: [], backoffSchedule: [100] },
  });
  await connect.write({ enqueues: [message("second", 2000n), message("third", 2000n)] });
  await connect.write({ enqueues: [message("first", 1000n)] });
  const range = { start: "queue/test/", end: "queue/test0", reverse: false, limit: 9 };
  const outcome = await connect.execute({
    ...{ checks: [], otherwise: [], at: 0 },
    then: [{ op: "range", ...range, show: "entries" }],
  });
  assert(outcome.type === "done" && outcome.result.results[0]?.op === "range");
  const { entries } = outcome.result.results[0];
  const texts = entries.map(({ value }) => /first|second|third/.exec(textOf(value!))?.[0]);
  assertEquals(texts, ["first", "second", "third"]);
  assertEquals(await connect.entries(), []);
});

Deno.test("what is beyond a limit is refused with a sentence, and nothing is done", async () => {
  const connect = new LocalConnect();
  const big = "v".repeat(CONNECT_LIMITS.valueBytes);
  const many = (count: number, value = "v") =>
    Array.from({ length: count }, (_, at) => set(`k${at}`, value));
  const key = bytesOf("k");
  const refused: readonly (readonly [Write, string])[] = [
    [{ mutations: [set("", "v")] }, "a key of at least 1 byte"],
    [{ mutations: [set("k".repeat(2049), "v")] }, "at most 2048 bytes, got 2049"],
    [{ mutations: [set("k", `${big}v`)] }, "at most 65536 bytes, got 65537"],
    [{ mutations: many(14, big) }, "a write of at most 819200 bytes"],
    [{ mutations: many(1000), enqueues: [{ payload: key }] }, "got 1001"],
    [{ mutations: [{ key, mutationType: 1 }] }, "Wanted a value"],
    [{ mutations: [{ key, mutationType: 7, value: v8(1) }] }, "kind of mutation, got 7"],
    [{ mutations: [set("k", "v", { value: { data: key, encoding: 4 } })] }, "encoding of a value"],
    [{ mutations: [set("k", "v", { value: { data: key, encoding: 2 } })] }, "of 8 bytes, got 1"],
    [{ mutations: [set("k", "v", { expireAtMs: -2n })] }, "got -2 ms"],
    [{ checks: [{ key, versionstamp: new Uint8Array(9) }] }, "10 bytes, got 9"],
    [{ enqueues: [{ payload: key, deadlineMs: -1n }] }, "got -1 ms"],
    [{ enqueues: [{ payload: key, backoffSchedule: [3_600_001] }] }, "got 3600001"],
    [{ enqueues: [{ payload: bytesOf(`${big}v`) }] }, "a payload of at most 65536 bytes"],
  ];
  for (const [write, sentence] of refused) {
    const error = await assertRejects(() => connect.write(write), ConnectRefusal, sentence);
    assertEquals(error.status, 400);
  }
  assertEquals(connect.batches, 0);
  await connect.write({ mutations: many(1000), checks: Array(100).fill({ key: bytesOf("none") }) });
  assertEquals((await connect.entries()).length, 1000);
});

Deno.test("databases do not see each other", async () => {
  const connect = new LocalConnect();
  await connect.write({ mutations: [set("k", "one")] }, "one");
  await connect.write({ mutations: [set("k", "two")] }, "two");
  const check = { checks: [{ key: bytesOf("k") }], mutations: [set("k", "three")] };
  assertEquals((await connect.write(check, "three")).status, success);
  assertEquals(await connect.entries("one"), ["k=one"]);
  assertEquals(await connect.entries("two"), ["k=two"]);
  assertEquals(await connect.entries("tw"), []);
});

Deno.test("an answer tells a write that was not done from one that may have been", () => {
  const status = (outcome: BatchOutcome) =>
    AtomicWriteOutput.decode(writeAnswer(outcome).joined()).status;
  assertEquals(status({ type: "maybe" }), WRITE_STATUS.unspecified);
  assertEquals(status({ type: "full" }), WRITE_STATUS.disabled);
  for (const type of ["unavailable", "refused"] as const) {
    const error = assertThrows(() => writeAnswer({ type }), ConnectRefusal);
    assertEquals(error.status, 503);
  }
});
