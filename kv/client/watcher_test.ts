/**
 * How a watcher moves between servers. The key/value swarm shows that nothing is lost or doubled
 * under all faults (`tests/swarm/kv_watching.ts`).
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "../../tests/sim/mod.ts";
import {
  decodeWatch,
  encodeMark,
  encodeWatchEnd,
  PartWriter,
  rangeOfKey,
  type WatchEnd,
} from "../watch/mod.ts";
import { type OpenWatch, Watcher, type WatchNext, type WatchStreamEnd } from "./watcher.ts";

interface Opened {
  readonly server: number;
  readonly from: number | null;
  readonly ends: boolean;
  readonly part: (bytes: Uint8Array) => void;
  readonly ended: (end: WatchStreamEnd) => void;
  granted: number;
  isCancelled: boolean;
}

/** Servers on which the test acts. */
class Servers {
  readonly clock = new VirtualClock();
  readonly opened: Opened[] = [];
  readonly watcher: Watcher;

  constructor(count: number, from: number | null = null) {
    const open: OpenWatch = (server, request, { credit, part, ended }) => {
      const { from, ends = false } = decodeWatch(request)!;
      const stream: Opened = {
        ...{ server, from, ends },
        part,
        ended,
        granted: credit,
        isCancelled: false,
      };
      this.opened.push(stream);
      return {
        grant: (bytes) => void (stream.granted += bytes),
        cancel: () => void (stream.isCancelled = true),
      };
    };
    this.watcher = new Watcher({
      servers: Array.from({ length: count }, (_, place) => place),
      open,
      clock: this.clock,
      random: () => 0,
      query: { ranges: [rangeOfKey("k")], from, previous: false, keysOnly: false },
    });
  }

  get last(): Opened {
    return this.opened.at(-1)!;
  }

  end(end: WatchEnd): void {
    this.last.ended(encodeWatchEnd(end));
  }
}

async function revisionOf(next: Promise<WatchNext>): Promise<number> {
  const got = await next;
  assert(got.type === "group");
  return got.group.revision;
}

Deno.test("a watcher resumes on the next server after the last revision that arrived", async () => {
  const { clock, opened, watcher, ...servers } = new Servers(3);
  assertEquals([opened[0]!.server, opened[0]!.from], [0, null]);
  opened[0]!.part(encodeMark(7));
  assertEquals(await revisionOf(watcher.next()), 7);
  const reasons: WatchStreamEnd[] = ["lost", "overloaded", encodeWatchEnd({ type: "outdated" })];
  for (const [place, reason] of reasons.entries()) {
    opened.at(-1)!.ended(reason);
    await clock.sleep(1);
    assertEquals([opened.at(-1)!.server, opened.at(-1)!.from], [(place + 1) % 3, 7 + place]);
    opened.at(-1)!.part(encodeMark(8 + place));
    assertEquals(await revisionOf(watcher.next()), 8 + place);
  }
  // What an earlier stream still brings is not meant any more.
  opened[0]!.part(encodeMark(99));
  opened[0]!.ended("lost");
  opened.at(-1)!.ended(encodeWatchEnd({ type: "behind", revision: 20 }));
  await clock.sleep(1);
  assertEquals(opened.at(-1)!.from, 20);
  assertEquals(opened.length, 5);
  watcher.close();
  assertEquals([opened.at(-1)!.isCancelled, await watcher.next()], [true, { type: "closed" }]);
  assertEquals(Object.keys(servers).length, 0);
});

Deno.test("a watcher asks each server once, then pauses longer and longer", async () => {
  const { clock, opened, watcher } = new Servers(2);
  const times: number[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    opened.at(-1)!.ended("unsent");
    const before = opened.length;
    while (opened.length === before) await clock.sleep(1);
    times.push(Math.round(clock.now()));
  }
  const pauses = times.map((time, place) => time - (times[place - 1] ?? 0));
  assert(pauses[0]! <= 1 && pauses[1]! >= 20 / 2, `${pauses}`);
  assert(pauses.at(-1)! > 200 && pauses.at(-1)! <= 1001, `${pauses}`);
  watcher.close();
});

Deno.test("a watcher fails when every server says that its revision is gone, with the oldest", async () => {
  const servers = new Servers(3, 5);
  servers.end({ type: "compacted", oldest: 9 });
  await servers.clock.sleep(1);
  servers.last.ended("unsent");
  await servers.clock.sleep(1);
  servers.end({ type: "compacted", oldest: 8 });
  const failure = { reason: "compacted", revision: 5, oldest: 8 } as const;
  const next = Promise.race([servers.watcher.next(), servers.clock.sleep(5000)]);
  assertEquals(await next, { type: "failed", failure });
  assertEquals(servers.opened.length, 3);
});

Deno.test("a watcher goes on where one server has what another has not any more", async () => {
  const servers = new Servers(2, 5);
  servers.end({ type: "compacted", oldest: 9 });
  await servers.clock.sleep(1);
  servers.last.part(encodeMark(6));
  servers.last.ended("lost");
  assertEquals(await revisionOf(servers.watcher.next()), 6);
  await servers.clock.sleep(1);
  servers.end({ type: "compacted", oldest: 9 });
  await servers.clock.sleep(1);
  assertEquals(servers.last.from, 6);
  servers.last.part(encodeMark(7));
  assertEquals(await revisionOf(servers.watcher.next()), 7);
  servers.watcher.close();
});

Deno.test("a watcher fails when no server knows watches, or what it sends is no watch", async () => {
  const servers = new Servers(2);
  servers.last.ended("unknownRequest");
  await servers.clock.sleep(1);
  servers.last.ended("unknownRequest");
  await servers.clock.sleep(1);
  const coming = servers.watcher.next();
  servers.last.ended(Uint8Array.of(77));
  assertEquals(await coming, { type: "failed", failure: { reason: "refused" } });
  const other = new Servers(1);
  other.last.part(Uint8Array.of(255));
  assertEquals(await other.watcher.next(), { type: "failed", failure: { reason: "refused" } });
  assertEquals(other.last.isCancelled, true);
});

Deno.test("a watcher asks a server that does not know leases and ends again, without them", async () => {
  const { clock, opened, watcher } = new Servers(2, 5);
  opened[0]!.ended("unknownRequest");
  await clock.sleep(1);
  const coming = watcher.next();
  opened[1]!.part(partsOf(7, ["a"], false)[0]!);
  assertEquals(await revisionOf(coming), 7);
  opened[1]!.ended("lost");
  const next = watcher.next();
  await clock.sleep(1);
  assertEquals(opened.map(({ server, from, ends }) => [server, from, ends]), [
    [0, 5, true],
    [0, 5, false],
    [1, 7, true],
  ]);
  opened[2]!.part(partsOf(8, ["a"], true)[0]!);
  const got = await next;
  assert(got.type === "group");
  assertEquals(got.group.changes.map(({ lease, expires }) => [lease, expires]), [[15, undefined]]);
  watcher.close();
});

Deno.test("a watcher grants credit as its consumer takes, and opens nothing while groups wait", async () => {
  const { clock, opened, watcher } = new Servers(2);
  const [first] = opened;
  const credit = first!.granted;
  // A mark is shorter, but uses up 64 bytes; a quarter of the credit is granted at once.
  const marks = credit / 4 / 64;
  for (let revision = 1; revision <= marks; revision++) first!.part(encodeMark(revision));
  assertEquals(first!.granted, credit);
  for (let revision = 1; revision < marks; revision++) await watcher.next();
  assertEquals(first!.granted, credit);
  await watcher.next();
  assertEquals(first!.granted, credit + marks * 64);
  first!.part(encodeMark(marks + 1));
  first!.ended("lost");
  await clock.sleep(5000);
  assertEquals(opened.length, 1);
  assertEquals(await revisionOf(watcher.next()), marks + 1);
  assertEquals(first!.granted, credit + marks * 64);
  await clock.sleep(1);
  assertEquals([opened.length, opened[1]!.from], [2, marks + 1]);
  watcher.close();
});

/** The parts of one group of changes, each with one change. */
function partsOf(revision: number, keys: readonly string[], ends = true): readonly Uint8Array[] {
  const changes = keys.map((key) => {
    const entry = { key, revision, version: 1, created: revision, lease: 15, expires: 0 };
    return { entry: { ...entry, value: new Uint8Array(100_000) }, previous: null };
  });
  const writer = new PartWriter({ previous: false, keysOnly: false, ends });
  writer.give([{ revision, changes }]);
  return keys.map(() => writer.write(1));
}

Deno.test("a watcher grants credit again while a group longer than its credit arrives (W8)", async () => {
  const { opened, watcher } = new Servers(1);
  const [first] = opened;
  const credit = first!.granted;
  const next = watcher.next();
  const parts = partsOf(7, ["a", "b", "c"]);
  const [long, , last] = parts;
  for (const part of parts.slice(0, 2)) first!.part(part);
  assert(first!.granted >= credit + long!.length, "the server may send the rest");
  first!.part(last!);
  const { group } = await next as WatchNext & { readonly type: "group" };
  assertEquals([group.revision, group.changes.map(({ key }) => key)], [7, ["a", "b", "c"]]);
  watcher.close();
});

Deno.test("a watcher forgets a group that was cut off half way (W4)", async () => {
  const { clock, opened, watcher } = new Servers(2);
  opened[0]!.part(partsOf(7, ["a", "b"])[0]!);
  opened[0]!.ended("lost");
  await clock.sleep(5000);
  assertEquals(opened.length, 2);
  const next = watcher.next();
  for (const part of partsOf(7, ["a", "b"])) opened[1]!.part(part);
  assert(!opened[1]!.isCancelled, "the second server's parts are whole by themselves");
  const { group } = await next as WatchNext & { readonly type: "group" };
  assertEquals(group.changes.map(({ key }) => key), ["a", "b"]);
  watcher.close();
});

Deno.test("a watcher refuses a query that no server would take", () => {
  const query = { ranges: [], from: null, previous: false, keysOnly: false };
  const open: OpenWatch = () => ({ grant: () => {}, cancel: () => {} });
  const clock = new VirtualClock();
  assertThrows(
    () => new Watcher({ servers: [1], open, clock, random: Math.random, query }),
    RangeError,
    "Cannot watch: wanted 1 to 1000 ranges, got 0",
  );
});
