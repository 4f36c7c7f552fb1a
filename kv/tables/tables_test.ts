/**
 * Tests of tables against a plain map with versions: random writes, reads, scans, background work
 * and power cuts.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreater,
  AssertionError,
  assertLess,
  assertThrows,
} from "@std/assert";
import { assertRejects } from "@std/assert";
import type { Files, Index } from "../../raft/mod.ts";
import { DiskError, SimDisk } from "../../tests/sim/sim_disk.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { SystemClock } from "../../raft/mod.ts";
import type { Entry } from "./files/entry.ts";
import type { TablesOptions } from "./folder/mod.ts";
import { MemoryState } from "./state/memory_state.ts";
import type { State } from "./state/state.ts";
import { Tables } from "./tables.ts";

/** Sizes with which a few hundred writes make several levels. */
const SMALL = { memoryBytes: 4000, tableBytes: 2000, level0Tables: 2, level1Bytes: 6000 };

async function openTables(files: Files, options: Partial<TablesOptions> = {}): Promise<Tables> {
  const tables = new Tables({ files, clock: new SystemClock(), ...SMALL, ...options });
  await tables.load();
  return tables;
}

/** Opens the tables after a power cut, which must always succeed. */
async function openAfterPowerCut(disk: SimDisk): Promise<Tables> {
  try {
    return await openTables(disk.open());
  } catch (error) {
    throw new AssertionError(`a power cut left tables that do not open: ${error}`);
  }
}

/** The reference: the log of all writes. */
class Model {
  readonly log: Entry[][] = [];
  /** Which deletions are forgotten from a place in the log on. */
  readonly forgotten: number[] = [];

  /** The next batch of writes in the log. */
  next(random: SeededRandom): Entry[] {
    const revision = this.log.length + 1;
    const entries: Entry[] = [];
    for (
      let count = random.next() < 0.1 ? 0 : 1 + Math.floor(random.next() * 3);
      count > 0;
      count--
    ) {
      const key = `k${String(Math.floor(random.next() ** 2 * 60)).padStart(2, "0")}`;
      if (entries.some((entry) => entry.key === key)) continue;
      const before = this.get(key, revision);
      const isDeletion = (before?.value ?? null) !== null && random.next() < 0.3;
      const value = isDeletion
        ? null
        : new Uint8Array(Math.floor(random.next() * 80)).fill(revision);
      const created = before !== null && before.value !== null ? before.created : revision;
      entries.push({
        key,
        revision,
        version: (before?.version ?? 0) + 1,
        created,
        value,
        lease: 0,
        expires: 0,
      });
    }
    const before = this.forgotten[revision - 2] ?? 0;
    this.forgotten[revision - 1] = random.next() < 0.03 ? Math.max(before, revision - 40) : before;
    this.log.push(entries);
    return entries;
  }

  /** What {@linkcode State.get} has to return now: some deletions are forgotten. */
  remembered(key: string, revision: number): Entry | null {
    const entry = this.get(key, revision);
    const isForgotten = entry?.value === null && entry.revision < this.deletions;
    return isForgotten ? null : entry;
  }

  get deletions(): number {
    return this.forgotten[this.log.length - 1] ?? 0;
  }

  get(key: string, revision: number): Entry | null {
    for (let index = Math.min(revision, this.log.length); index > 0; index--) {
      const found = this.log[index - 1]!.find((entry) => entry.key === key);
      if (found !== undefined) return found;
    }
    return null;
  }

  scan(at: number, from: string, to: string | null, deletions = Infinity): Entry[] {
    const keys = new Set(this.log.flat().map(({ key }) => key));
    return [...keys].sort().filter((key) => key >= from && (to === null || key < to))
      .map((key) => this.get(key, at)).filter((entry) => entry !== null)
      .filter(({ value, revision }) => value !== null || revision >= deletions);
  }
}

/** Applies the entries of the log that the tables lack. */
function replay(tables: State, model: Model): void {
  for (let index = tables.position.index + 1; index <= model.log.length; index++) {
    for (const entry of model.log[index - 1]!) {
      // The state machine looks before it writes: a replay must see what was seen the first time.
      const before = model.get(entry.key, index - 1);
      const isForgotten = before?.value === null &&
        before.revision < (model.forgotten[index - 2] ?? 0);
      assertEquals(tables.get(entry.key), isForgotten ? null : before, `${entry.key} at ${index}`);
    }
    for (const entry of model.log[index - 1]!) tables.add(entry);
    tables.forget(0, model.forgotten[index - 1]!);
    tables.advance({ index, term: 1, times: { steady: 0, wall: 0 } });
  }
}

/** Compares every key at some revision that must be readable, and a scan of a part. */
function compare(tables: State, model: Model, random: SeededRandom): void {
  const newest = model.log.length;
  const oldest = Math.min(newest, tables.oldest);
  for (const at of [newest, oldest + Math.floor(random.next() * (newest - oldest + 1))]) {
    for (let number = 0; number < 60; number += 7) {
      const key = `k${String(number).padStart(2, "0")}`;
      assertEquals(tables.get(key, at), model.remembered(key, at), `${key} at ${at}`);
    }
    const from = `k${Math.floor(random.next() * 60)}`;
    const to = random.next() < 0.5 ? null : `k${Math.floor(random.next() * 60)}`;
    for (const deletions of [Infinity, Math.max(model.deletions, at - 20)]) {
      const wanted = model.scan(at, from, to, deletions);
      const range = { from, to, at, deletions };
      assertEquals([...tables.scan(range)], wanted, `scan at ${at}`);
      const back = [...tables.scan({ ...range, reverse: true })];
      assertEquals(back, wanted.reverse(), `scan back at ${at}`);
    }
  }
}

/** A revision that is held, with what is to be read there: the log in front of it may be lost. */
interface Held {
  readonly at: number;
  readonly deletions: number;
  readonly wanted: readonly Entry[];
  readonly release: () => void;
}

/** Reads at revisions that are held, lets go of some and holds others. */
function holdSome(
  tables: State,
  { model, random, held }: {
    readonly model: Model;
    readonly random: SeededRandom;
    readonly held: readonly Held[];
  },
): Held[] {
  const left = held.filter(({ at, deletions, wanted, release }) => {
    if (random.next() > 0.04) return true;
    assertEquals([...tables.scan({ from: "", to: null, at, deletions })], wanted, `held ${at}`);
    release();
    return false;
  });
  if (left.length >= 3 || random.next() > 0.05) return left;
  const newest = model.log.length;
  const oldest = Math.min(newest, tables.oldest);
  const at = random.next() < 0.5 ? newest : oldest + Math.floor(random.next() * (newest - oldest));
  const { deletions } = model;
  const wanted = model.scan(at, "", null, deletions);
  return [...left, { at, deletions, wanted, release: tables.hold(at, deletions) }];
}

Deno.test("Tables answer like a plain map with versions, across work and power cuts", async () => {
  let restarts = 0;
  let deepest = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const random = new SeededRandom(seed);
    const disk = new SimDisk();
    const model = new Model();
    let durable: Index = 0;
    let tables = await openTables(disk.open());
    let held: Held[] = [];
    for (let step = 0; step < 600; step++) {
      const dice = random.next();
      model.next(random);
      replay(tables, model);
      if (dice < 0.3) durable = model.log.length;
      if (dice < 0.25 && tables.hasWork) await tables.work(durable);
      else if (dice < 0.5) await Promise.all([tables.writeMemory(durable), tables.merge()]);
      if (dice < 0.05) tables.forget(model.log.length - Math.floor(random.next() * 50), 0);
      if (dice < 0.1) compare(tables, model, random);
      held = holdSome(tables, { model, random, held });
      assert(tables.applied.index <= durable, "tables are never ahead of the log");
      if (random.next() > 0.01) continue;
      // The log loses entries that were not durable; the tables must not contain them.
      restarts++;
      disk.cutPower(random.next);
      model.log.length = model.forgotten.length = durable;
      const readable = tables.oldest;
      tables = await openAfterPowerCut(disk);
      held = [];
      const least = Math.max(readable, tables.applied.index);
      assertLess(tables.oldest, least + 1, "no restart forgets what tables can show");
      assert(tables.position.index <= durable);
      replay(tables, model);
      compare(tables, model, random);
    }
    deepest = Math.max(deepest, tables.status().tables.length);
    for (const { release } of held) release();
    await tables.flush(model.log.length);
    await tables.compact();
    compare(tables, model, random);
    tables.forget(model.log.length, 0);
    assertEquals(tables.status().memoryBytes, 0);
    tables.close();
  }
  assertGreater(restarts, 30);
  assertGreater(deepest, 2);
});

Deno.test("MemoryState answers like a plain map with versions", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = new SeededRandom(seed);
    const model = new Model();
    const state = new MemoryState();
    let largest = 0;
    let held: Held[] = [];
    for (let step = 0; step < 1000; step++) {
      model.next(random);
      replay(state, model);
      if (random.next() < 0.1) state.forget(model.log.length - Math.floor(random.next() * 50), 0);
      if (random.next() < 0.1) compare(state, model, random);
      held = holdSome(state, { model, random, held });
      largest = Math.max(largest, state.bytes);
    }
    assertLess(largest, 60 * 100 * 200, "what is forgotten takes no memory");
  }
});

async function fill(tables: Tables, model: Model, writes: number): Promise<SeededRandom> {
  const random = new SeededRandom(1);
  for (let write = 0; write < writes; write++) {
    model.next(random);
    replay(tables, model);
    while (tables.hasWork) await tables.work(model.log.length);
  }
  return random;
}

Deno.test("a scan sees one state during writes, flushes and merges", async () => {
  const disk = new SimDisk();
  const tables = await openTables(disk.open());
  const model = new Model();
  const random = await fill(tables, model, 200);
  const at = model.log.length;
  const wanted = model.scan(at, "", null);
  const found: Entry[] = [];
  for (const entry of tables.scan({ from: "", to: null, at })) {
    found.push(entry);
    for (let write = 0; write < 40; write++) model.next(random);
    replay(tables, model);
    tables.forget(model.log.length, 0);
    while (tables.hasWork) await tables.work(model.log.length);
  }
  assertEquals(found, wanted);
  await tables.compact();
  assertEquals(tables.oldest, model.log.length);
  tables.close();
});

Deno.test("a held revision stays readable until it is released", async () => {
  const tables = await openTables(new SimDisk().open());
  const model = new Model();
  await fill(tables, model, 100);
  const release = tables.hold(60);
  tables.forget(100, 0);
  await tables.flush(100);
  await tables.compact();
  assertEquals([...tables.scan({ from: "", to: null, at: 60 })], model.scan(60, "", null));
  release();
  await tables.compact();
  assertEquals(tables.oldest, 100);
  assertThrows(() => tables.get("k00", 60), Error, "revision 60 can be read");
  assertThrows(() => tables.hold(60), Error, "revision 60 can be read");
});

Deno.test("a merge keeps the deletions that a replay after a crash has to find", async () => {
  const disk = new SimDisk();
  const tables = await openTables(disk.open());
  const numbers = { version: 1, created: 1, lease: 0, expires: 0 };
  const at = (index: number) => ({ index, term: 1, times: { steady: 0, wall: 0 } });
  tables.add({ key: "a", revision: 1, ...numbers, value: new Uint8Array(1) });
  tables.advance(at(1));
  await tables.flush(1);
  tables.add({ key: "a", revision: 2, ...numbers, version: 2, value: null });
  tables.advance(at(3));
  await tables.flush(3);
  // From here on the deletion is forgotten, but only in memory: a crash takes that back.
  tables.forget(10, 5);
  tables.advance(at(10));
  assertEquals(tables.get("a"), null);
  await tables.compact();
  disk.cutPowerHard();
  const again = await openTables(disk.open());
  assertEquals(again.get("a")?.version, 2);
  again.forget(10, 5);
  again.advance(at(10));
  await again.flush(10);
  await again.compact();
  assertEquals([again.get("a"), again.status().bytes], [null, 0]);
  // An image that has to contain the deletion can no longer be made here.
  const moments = [4, 5].map((deletions) => again.canStream({ at: 10, deletions }));
  assertEquals(moments, [false, true]);
});

/** Files whose operations wait for a while, so that those of two callers mix in many ways. */
function mixed(files: Files, random: SeededRandom): Files {
  const slow = new Set<string | symbol>(["create", "rename", "syncFolder"]);
  return new Proxy(files, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (!slow.has(name)) return value.bind(target);
      return async (...given: unknown[]) => {
        for (let turns = random.below(12); turns > 0; turns--) await Promise.resolve();
        return await value.apply(target, given);
      };
    },
  });
}

Deno.test("a flush and a merge that end in any order leave what both have made", async () => {
  let both = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const disk = new SimDisk();
    const tables = await openTables(mixed(disk.open(), random));
    const model = new Model();
    while (!tables.mustMerge || !tables.mustWrite) {
      for (let write = 0; write < 20; write++) model.next(random);
      replay(tables, model);
      if (!tables.mustMerge) await tables.writeMemory(model.log.length);
    }
    const begun = model.log.length;
    const works = [() => tables.writeMemory(begun), () => tables.merge()];
    const order = random.next() < 0.5 ? works : works.reverse();
    await Promise.all(order.map((work) => work()));
    assertEquals(tables.applied.index, begun);
    compare(tables, model, random);
    disk.cutPowerHard();
    const after = await openAfterPowerCut(disk);
    both += after.applied.index === begun ? 1 : 0;
    replay(after, model);
    compare(after, model, random);
    after.close();
  }
  assertEquals(both, 40, "what was written is durable");
});

Deno.test("a file that a scan reads is removed only when the scan ends", async () => {
  const disk = new SimDisk();
  const tables = await openTables(disk.open());
  const model = new Model();
  await fill(tables, model, 300);
  await tables.flush(300);
  const before = disk.image().size;
  const scan = tables.scan({ from: "", to: null, at: 300 });
  scan.next();
  tables.forget(300, 0);
  await tables.compact();
  assertGreater(disk.image().size, before);
  assertEquals([...scan].length, model.scan(300, "", null).length - 1);
  await Promise.resolve();
  assertEquals(
    disk.image().size,
    1 + tables.status().tables.reduce((sum, count) => sum + count, 0),
  );
});

Deno.test("files that are not in the manifest are removed at the start", async () => {
  const disk = new SimDisk();
  const tables = await openTables(disk.open());
  const model = new Model();
  await fill(tables, model, 100);
  await tables.flush(100);
  const image = new Map(disk.image());
  image.set("00000099.table", new Uint8Array(10)).set("00000098.table.new", new Uint8Array(10));
  image.set("other", new Uint8Array(1));
  const again = new SimDisk(image);
  (await openTables(again.open())).close();
  assertEquals([...again.image().keys()].sort(), [...disk.image().keys(), "other"].sort());
});

Deno.test("after a power cut during work the tables contain everything the manifest claims", async () => {
  let images = 0;
  for (let cut = 0; cut < 60; cut++) {
    let operations = 0;
    let stop = Infinity;
    const random = new SeededRandom(cut);
    const disk: SimDisk = new SimDisk(new Map(), {
      changed: () => {
        if (++operations === stop) throw new DiskError("EIO");
      },
    });
    const tables = await openTables(disk.open());
    const model = new Model();
    await fill(tables, model, 150);
    for (let write = 0; write < 150; write++) model.next(random);
    replay(tables, model);
    stop = operations + 1 + cut % 25;
    try {
      for (let work = 0; work < 4; work++) await tables.work(model.log.length);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
    for (const image of disk.imagesAfterPowerCut(random.next, 4)) {
      images++;
      const after = await openAfterPowerCut(new SimDisk(image));
      replay(after, model);
      compare(after, model, random);
      after.close();
    }
    tables.close();
  }
  assertGreater(images, 100);
});

Deno.test("failed work changes nothing, and succeeds when it is retried", async () => {
  let isFull = false;
  const disk = new SimDisk(new Map(), {
    fault: ({ kind }) => isFull && kind === "append" ? new DiskError("ENOSPC") : null,
  });
  const tables = await openTables(disk.open());
  const model = new Model();
  const random = await fill(tables, model, 100);
  for (let write = 0; write < 200; write++) model.next(random);
  replay(tables, model);
  isFull = true;
  const { applied } = tables;
  for (let attempt = 0; attempt < 3; attempt++) {
    await assertRejects(() => tables.work(model.log.length), DiskError, "ENOSPC");
    compare(tables, model, random);
  }
  assertEquals(tables.applied, applied);
  isFull = false;
  while (tables.hasWork) await tables.work(model.log.length);
  assertGreater(tables.applied.index, applied.index);
  compare(tables, model, random);
});

Deno.test("entries are written into tables only after they are durable in the log", async () => {
  const disk = new SimDisk();
  const tables = await openTables(disk.open());
  const model = new Model();
  const random = new SeededRandom(1);
  for (let write = 0; write < 200; write++) model.next(random);
  replay(tables, model);
  await tables.work(199);
  assertEquals([tables.applied.index, disk.image().size], [0, 0]);
  await tables.work(200);
  assertEquals(tables.applied.index, 200);
});

Deno.test("pressure grows while work is pending, and is zero once it is done", async () => {
  const tables = await openTables(new SimDisk().open());
  const model = new Model();
  const random = await fill(tables, model, 50);
  const before = tables.pressure;
  for (let write = 0; write < 400; write++) model.next(random);
  replay(tables, model);
  await tables.work(0);
  for (let write = 0; write < 400; write++) model.next(random);
  replay(tables, model);
  assertEquals([before < 0.6, tables.pressure], [true, 1]);
  await tables.flush(model.log.length);
  while (tables.hasWork) await tables.work(model.log.length);
  assertLess(tables.pressure, 0.6);
});

Deno.test("a scan ends at its bound, and does not read through what was deleted behind it", () => {
  const state = new MemoryState();
  const entry = (key: string, revision: number, value: Uint8Array | null) => {
    return { key, revision, version: 1, created: 1, value, lease: 0, expires: 0 };
  };
  const count = 20_000;
  state.add(entry("a", 1, new Uint8Array(1)));
  for (let place = 0; place < count; place++) state.add(entry(`b${place}`, 2 + place, null));
  const begin = performance.now();
  for (let round = 0; round < 1000; round++) {
    assertEquals([...state.scan({ from: "a", to: "b", at: count + 2 })].length, 1);
  }
  assert(performance.now() - begin < 2000);
});
