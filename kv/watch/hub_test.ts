/**
 * The promises of watches, each by its name, and their bounds. A random test compares everything that
 * readers take with a replay of the log.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { ChangeLog } from "../../tests/helpers/change_log.ts";
import { SeededRandom } from "../../tests/sim/mod.ts";
import type { ChangeGroup } from "../store/mod.ts";
import { kindOf } from "./changes.ts";
import { WatchHub, type WatchLimits } from "./hub.ts";
import { type KeyRange, rangeOfKey } from "./key_ranges.ts";
import { Watch } from "./watch.ts";

const ALL: KeyRange = { start: "", end: null };

function open(hub: WatchHub, ranges: readonly KeyRange[], from: number | null = null): Watch {
  const watch = hub.open({ ranges, from, wake: () => {} });
  if (watch instanceof Watch) return watch;
  throw new Error(`No watch: ${watch.kind}`);
}

/** Takes until nothing is left. */
function drain(watch: Watch): ChangeGroup[] {
  const groups: ChangeGroup[] = [];
  do {
    const taken = watch.take(100);
    if (taken.kind === "behind") throw new Error(`behind at ${taken.revision}`);
    groups.push(...taken.groups);
  } while (watch.hasMore);
  return groups;
}

function grown(seed: number, count: number): ChangeLog {
  const log = new ChangeLog(new SeededRandom(seed), 12);
  for (let step = 0; step < count; step++) log.grow();
  return log;
}

function play(hub: WatchHub, log: ChangeLog, upTo = log.revision): void {
  for (const group of log.groups) {
    if (group.revision > hub.revision && group.revision <= upTo) hub.record(group);
  }
  hub.advance(upTo);
}

Deno.test("watches are ordered: groups come in the order of their revisions", () => {
  const log = grown(1, 300);
  const hub = new WatchHub();
  play(hub, log, 150);
  const past = open(hub, [ALL], 0);
  const now = open(hub, [ALL]);
  play(hub, log);
  assertEquals(drain(past), log.seen([ALL], 0, 300));
  assertEquals(drain(now), log.seen([ALL], 150, 300));
});

Deno.test("watches are unique: a change in two overlapping ranges, or seen before, comes once", () => {
  const log = grown(2, 100);
  const hub = new WatchHub();
  const watch = open(hub, [ALL, rangeOfKey("k001"), { start: "k000", end: "k002" }]);
  play(hub, log);
  assertEquals(drain(watch), log.seen([ALL], 0, 100));
  // The reader was at a node that is ahead of this one.
  const behind = new WatchHub();
  play(behind, log, 50);
  const resumed = open(behind, [ALL], 80);
  assertEquals(resumed.upTo, 80);
  play(behind, log);
  assertEquals(drain(resumed), log.seen([ALL], 80, 100));
});

Deno.test("watches are reliable: a reader that was slow misses nothing that is still there", () => {
  const log = grown(3, 400);
  const hub = new WatchHub(0, { queueGroupsMax: 5 });
  const watch = open(hub, [ALL]);
  play(hub, log, 200);
  const first = watch.take(200);
  assert(first.kind === "groups" && first.hasMore);
  play(hub, log);
  assertEquals([...first.groups, ...drain(watch)], log.seen([ALL], 0, 400));
});

Deno.test("watches are atomic: all changes of a revision come in one group, also over two ranges", () => {
  const log = grown(4, 300);
  const ranges = [rangeOfKey("k001"), { start: "k006", end: "k009" }];
  const wanted = log.seen(ranges, 0, 300);
  assert(wanted.some(({ changes }) => changes.length > 1));
  const hub = new WatchHub();
  const live = open(hub, ranges);
  play(hub, log);
  // The smallest of all buffers divides no group.
  const groups: ChangeGroup[] = [];
  while (live.hasMore) {
    const taken = live.take(1);
    assert(taken.kind === "groups" && taken.groups.length <= 1);
    groups.push(...taken.groups);
  }
  assertEquals(groups, wanted);
  assertEquals(drain(open(hub, ranges, 0)), wanted);
});

Deno.test("watches are resumable: from any revision they go on without a gap or a repetition", () => {
  const log = grown(5, 200);
  const hub = new WatchHub();
  play(hub, log);
  for (let from = 0; from <= 200; from += 7) {
    assertEquals(drain(open(hub, [ALL], from)), log.seen([ALL], from, 200));
  }
});

Deno.test("watches are bookmarkable: upTo grows without changes, and nothing up to it is missing", () => {
  const log = grown(6, 200);
  const hub = new WatchHub();
  const watch = open(hub, [rangeOfKey("k003")]);
  play(hub, log, 120);
  const seen = drain(watch);
  assertEquals(watch.upTo, 120);
  hub.advance(130);
  assertEquals([watch.upTo, watch.hasMore], [130, false]);
  assertEquals(seen, log.seen([rangeOfKey("k003")], 0, 120));
});

Deno.test("a watch of a revision that is gone is refused with the oldest that is there", () => {
  const log = grown(7, 400);
  const hub = new WatchHub(0, { recentBytesMax: 20_000 });
  play(hub, log);
  const { oldest } = hub;
  assert(oldest > 0 && oldest < 400);
  const wake = () => {};
  assertEquals(hub.open({ ranges: [ALL], from: oldest - 1, wake }), { kind: "compacted", oldest });
  assertEquals(drain(open(hub, [ALL], oldest)), log.seen([ALL], oldest, 400));
});

Deno.test("a reader whose place is gone gets behind, with the revision to resume from", () => {
  const log = grown(8, 400);
  const hub = new WatchHub(0, { recentBytesMax: 20_000, queueGroupsMax: 5 });
  const watch = open(hub, [ALL]);
  play(hub, log, 3);
  const seen = drain(watch);
  play(hub, log);
  const taken = watch.take(1000);
  assertEquals(taken, { kind: "behind", revision: 3 });
  assertEquals([hub.size, watch.hasMore], [0, false]);
  assertEquals(seen, log.seen([ALL], 0, 3));
});

Deno.test("a jump of the state to a later revision ends the watches that it passes over", () => {
  const log = grown(9, 100);
  const hub = new WatchHub();
  const ahead = open(hub, [ALL], 90);
  const watch = open(hub, [ALL]);
  let wakes = 0;
  const idle = hub.open({ ranges: [ALL], from: null, wake: () => wakes++ });
  play(hub, log, 40);
  drain(watch);
  hub.reset(80);
  assertEquals(watch.take(100), { kind: "behind", revision: 40 });
  assert(idle instanceof Watch && wakes > 0);
  assertEquals(idle.take(100), { kind: "behind", revision: 0 });
  play(hub, log);
  assertEquals(drain(ahead), log.seen([ALL], 90, 100));
  assertEquals(hub.oldest, 80);
});

Deno.test("a deletion that names a lease is the end of the lease", () => {
  const entry = { key: "k", revision: 1, version: 1, created: 1, expires: 0 };
  assertEquals(kindOf({ ...entry, value: new Uint8Array(), lease: 7 }), "put");
  assertEquals(kindOf({ ...entry, value: null, lease: 0 }), "delete");
  assertEquals(kindOf({ ...entry, value: null, lease: 7 }), "leaseEnd");
});

Deno.test("the memory of watches is bounded however many readers are slow", () => {
  const log = grown(10, 3000);
  const hub = new WatchHub(0, { recentBytesMax: 50_000, queuedBytesMax: 30_000 });
  const watches = Array.from({ length: 200 }, () => open(hub, [ALL]));
  for (let upTo = 0; upTo <= 3000; upTo += 100) {
    play(hub, log, upTo);
    assertLess(hub.bytes, 80_001);
  }
  for (const watch of watches) watch.close();
  assertEquals(hub.size, 0);
  assertLess(hub.bytes, 50_001);
});

Deno.test("a change does not keep the block of a table from being freed", () => {
  const block = new Uint8Array(4096);
  const entry = { key: "k", version: 1, created: 1, lease: 0, expires: 0 };
  const previous = { ...entry, revision: 1, value: block.subarray(100, 110) };
  const hub = new WatchHub(1);
  const change = { entry: { ...entry, revision: 2, value: new Uint8Array(10) }, previous };
  hub.record({ revision: 2, changes: [change] });
  const [group] = drain(open(hub, [ALL], 1));
  const { value } = group!.changes[0]!.previous!;
  assertEquals([value, value!.buffer.byteLength], [previous.value, 10]);
});

Deno.test("a watch beyond the limit is refused, until another ends", () => {
  const hub = new WatchHub(0, { watchesMax: 1 });
  const watch = open(hub, [ALL]);
  assertEquals(hub.open({ ranges: [ALL], from: null, wake: () => {} }), { kind: "overloaded" });
  watch.close();
  watch.close();
  open(hub, [ALL]);
  assertEquals(hub.size, 1);
});

Deno.test("readers of several servers that restart and jump see exactly the replay of the log", () => {
  const seen = { groups: 0, behind: 0, compacted: 0, resumed: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    const run = new ModelRun(seed);
    run.play(400);
    for (const name of ["groups", "behind", "compacted", "resumed"] as const) {
      seen[name] += run.counts[name];
    }
  }
  // What the test is there for happens often.
  for (const [name, count] of Object.entries(seen)) assert(count > 100, `${name}: ${count}`);
});

interface Reader {
  readonly ranges: readonly KeyRange[];
  watch: Watch | null;
  server: number;
  upTo: number;
}

/** Servers that apply one log, and readers that move between them. */
class ModelRun {
  readonly counts = { groups: 0, behind: 0, compacted: 0, resumed: 0 };
  readonly #random: SeededRandom;
  readonly #log: ChangeLog;
  readonly #limits: Partial<WatchLimits>;
  readonly #hubs: WatchHub[];
  readonly #readers: Reader[];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed, "watch model");
    this.#log = new ChangeLog(this.#random.fork("log"), 12);
    this.#limits = {
      recentBytesMax: this.#random.pick([3000, 30_000, 1_000_000]),
      queueGroupsMax: this.#random.pick([1, 3, 1000]),
      queueBytesMax: this.#random.pick([300, 2000, 1_000_000]),
      queuedBytesMax: this.#random.pick([1000, 10_000, 1_000_000]),
    };
    this.#hubs = Array.from({ length: 3 }, () => new WatchHub(0, this.#limits));
    this.#readers = Array.from({ length: 6 }, () => ({
      ranges: this.#log.randomRanges(),
      watch: null,
      server: 0,
      upTo: 0,
    }));
  }

  play(steps: number): void {
    for (let step = 0; step < steps; step++) this.#step();
    for (const hub of this.#hubs) play(hub, this.#log);
    for (const reader of this.#readers) {
      while (reader.upTo < this.#log.revision) this.#read(reader);
    }
  }

  #step(): void {
    const random = this.#random;
    const server = random.below(this.#hubs.length);
    const hub = this.#hubs[server]!;
    const chance = random.next();
    if (chance < 0.4) { for (let count = random.below(6); count > 0; count--) this.#log.grow(); }
    else if (chance < 0.6) {
      play(hub, this.#log, random.between(hub.revision, this.#log.revision));
    } else if (chance < 0.62) this.#restart(server);
    else if (chance < 0.63) hub.reset(random.between(hub.revision, this.#log.revision));
    else if (chance < 0.66) this.#leave(random.pick(this.#readers));
    else this.#read(random.pick(this.#readers));
  }

  /** The server replays the log from a snapshot, up to what it had applied or less. */
  #restart(server: number): void {
    const applied = this.#hubs[server]!.revision;
    const snapshot = this.#random.between(0, applied);
    for (const reader of this.#readers) if (reader.server === server) reader.watch = null;
    const hub = new WatchHub(snapshot, this.#limits);
    play(hub, this.#log, this.#random.between(snapshot, applied));
    this.#hubs[server] = hub;
  }

  #leave(reader: Reader): void {
    reader.watch?.close();
    reader.watch = null;
  }

  #read(reader: Reader): void {
    if (reader.watch === null) return this.#resume(reader);
    const taken = reader.watch.take(this.#random.pick([1, 500, 100_000]));
    if (taken.kind === "behind") {
      // It may be later than what the reader heard of, but nothing happened in between.
      assertEquals(this.#log.seen(reader.ranges, reader.upTo, taken.revision), []);
      reader.upTo = Math.max(reader.upTo, taken.revision);
      this.counts.behind++;
      reader.watch = null;
      return;
    }
    assertEquals(taken.groups, this.#log.seen(reader.ranges, reader.upTo, taken.upTo));
    assert(taken.upTo >= reader.upTo);
    this.counts.groups += taken.groups.length;
    reader.upTo = taken.upTo;
  }

  #resume(reader: Reader): void {
    reader.server = this.#random.below(this.#hubs.length);
    const hub = this.#hubs[reader.server]!;
    const { ranges, upTo } = reader;
    const watch = hub.open({ ranges, from: upTo, wake: () => {} });
    if (watch instanceof Watch) {
      this.counts.resumed++;
      reader.watch = watch;
      return;
    }
    assert(watch.kind === "compacted" && watch.oldest > upTo);
    this.counts.compacted++;
    reader.upTo = watch.oldest;
  }
}
