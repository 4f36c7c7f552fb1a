/**
 * Snapshot reads on a store in this process.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { bytesOf, LocalConnect, readBody, set, textOf } from "../../tests/helpers/local_connect.ts";
import type { Batch, BatchOutcome } from "../../kv/mod.ts";
import { Database, stampOf } from "./database.ts";
import { READ_STATUS, type ReadRangeMessage, SnapshotReadOutput } from "./messages.ts";
import { snapshotRead } from "./read.ts";
import { ConnectRefusal } from "./refusal.ts";

/** A store with keys k00, k01 …, with long values if asked. */
async function filled(count: number, valueBytes = 1): Promise<LocalConnect> {
  const connect = new LocalConnect();
  for (let at = 0; at < count; at++) {
    const value = { data: new Uint8Array(valueBytes).fill(at), encoding: 3 };
    await connect.write({ mutations: [set(`k${`${at}`.padStart(2, "0")}`, "", { value })] });
  }
  return connect;
}

function range(start: string, end: string, more: Partial<ReadRangeMessage> = {}) {
  return { start: bytesOf(start), end: bytesOf(end), limit: 100, ...more };
}

async function keysOf(
  connect: LocalConnect,
  ...ranges: readonly Partial<ReadRangeMessage>[]
): Promise<readonly (readonly string[])[]> {
  const answer = await connect.read(ranges);
  return answer.ranges.map(({ values }) => values.map(({ key }) => textOf(key)));
}

Deno.test("a range has its start and not its end, from either side, up to its limit", async () => {
  const connect = await filled(6);
  assertEquals(await keysOf(connect, range("k01", "k04")), [["k01", "k02", "k03"]]);
  const reverse = { reverse: true };
  assertEquals(await keysOf(connect, range("k01", "k04", reverse)), [["k03", "k02", "k01"]]);
  assertEquals(await keysOf(connect, range("k01", "k9", { limit: 2 })), [["k01", "k02"]]);
  assertEquals(await keysOf(connect, range("k01", "k9", { limit: 2, reverse: true })), [
    ["k05", "k04"],
  ]);
  assertEquals(await keysOf(connect, range("k04", "k01"), range("k01", "k01"), range("x", "")), [
    [],
    [],
    [],
  ]);
});

Deno.test("an entry has its key, its value and the versionstamp of its last write", async () => {
  const connect = await filled(1);
  const answer = await connect.read([range("k", "l")]);
  assertEquals([answer.status, answer.readDisabled], [READ_STATUS.success, false]);
  assertEquals(answer.readIsStronglyConsistent, true);
  assertEquals(answer.ranges[0]!.values, [
    { key: bytesOf("k00"), value: Uint8Array.of(0), encoding: 3, versionstamp: stampOf(1) },
  ]);
});

Deno.test("long values are read page by page, in both directions, and none is missing", async () => {
  const connect = await filled(40, 60_000);
  const all = Array.from({ length: 40 }, (_, at) => `k${`${at}`.padStart(2, "0")}`);
  connect.batches = 0;
  assertEquals(await keysOf(connect, range("k", "l")), [all]);
  assertEquals(connect.batches > 2, true);
  assertEquals(await keysOf(connect, range("k", "l", { reverse: true, limit: 33 })), [
    all.toReversed().slice(0, 33),
  ]);
  const ten = Array.from({ length: 10 }, () => range("k", "l", { limit: 40 }));
  assertEquals(await keysOf(connect, ...ten), ten.map(() => all));
});

Deno.test("all pages of all ranges are of one revision, whatever is written between them", async () => {
  const connect = await filled(40, 60_000);
  const database = new Database("c", "test");
  const read = async (batch: Batch): Promise<BatchOutcome> => {
    const outcome = await connect.execute(batch);
    await connect.write({ mutations: [set("k39", "new"), set("k99", "new")] });
    return outcome;
  };
  const ranges = Array.from({ length: 8 }, () => range("k", "l", { limit: 100 }));
  const answer = await snapshotRead(readBody(...ranges), database, read);
  for (const { values } of SnapshotReadOutput.decode(answer.joined()).ranges) {
    assertEquals([values.length, values.at(-1)!.value.length], [40, 60_000]);
  }
});

Deno.test("a read whose revision is gone in the middle begins anew, a few times", async () => {
  const connect = await filled(40, 60_000);
  const database = new Database("c", "test");
  for (const losses of [1, 2, 100]) {
    let left = losses;
    const read = (batch: Batch): Promise<BatchOutcome> => {
      if (batch.at === 0 || left-- <= 0) return connect.execute(batch);
      return Promise.resolve({ type: "compacted", oldest: 7 });
    };
    const reading = snapshotRead(readBody(range("k", "l")), database, read);
    if (losses === 100) await assertRejects(() => reading, ConnectRefusal, "too quickly");
    else {
      const { ranges } = SnapshotReadOutput.decode((await reading).joined());
      assertEquals(ranges[0]!.values.length, 40);
    }
  }
});

Deno.test("a read beyond a limit is refused, and one without an answer may be repeated", async () => {
  const connect = new LocalConnect();
  const refused: readonly (readonly [readonly Partial<ReadRangeMessage>[], string])[] = [
    [[range("a", "b", { limit: 0 })], "got 0"],
    [[range("a", "b", { limit: -1 })], "got -1"],
    [[range("a", "b", { limit: 1001 })], "got 1001"],
    [
      [range("a", "b", { limit: 1000 }), range("a", "b", { limit: 1 })],
      "at most 1000 entries, got 1001",
    ],
    [[range("a".repeat(2050), "b")], "2049 bytes, got 2050"],
    [[range("a", "b".repeat(2050))], "2049 bytes, got 2050"],
  ];
  for (const [ranges, sentence] of refused) {
    const error = await assertRejects(() => connect.read(ranges), ConnectRefusal, sentence);
    assertEquals(error.status, 400);
  }
  const body = readBody(range("a", "b"));
  const nobody = () => Promise.resolve({ type: "unavailable" } as const);
  const error = await assertRejects(
    () => snapshotRead(body, new Database("c", "test"), nobody),
    ConnectRefusal,
  );
  assertEquals(error.status, 503);
});

Deno.test("an answer out of an older state says that it is not strongly consistent", async () => {
  const local = new LocalConnect();
  await local.write({ mutations: [set("k", "v")] });
  const read = async (ageMs: number | undefined) => {
    const body = readBody({ start: bytesOf("k"), end: bytesOf("l"), limit: 1 });
    const answer = await snapshotRead(body, new Database("c", "test"), async (batch) => {
      const outcome = await local.execute(batch);
      return outcome.type === "done" && ageMs !== undefined ? { ...outcome, ageMs } : outcome;
    });
    return SnapshotReadOutput.decode(answer.joined()).readIsStronglyConsistent;
  };
  assertEquals([await read(undefined), await read(0), await read(1)], [true, true, false]);
});
