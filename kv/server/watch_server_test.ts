/**
 * The streams of watches on one node: marks, ends, and what a node without a leader does.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "../../tests/sim/mod.ts";
import { encodeRequest } from "../command/mod.ts";
import { KvStore } from "../store/mod.ts";
import {
  decodeWatchEnd,
  encodeWatch,
  PartReader,
  rangeOfKey,
  type SeenGroup,
  type WatchEnd,
  type WatchLimits,
  type WatchQuery,
} from "../watch/mod.ts";
import { WatchServer, type WatchStream } from "./watch_server.ts";

/** A store that is watched. */
class Watched {
  readonly clock = new VirtualClock();
  readonly store = new KvStore();
  readonly server: WatchServer;
  hasLeader = true;
  ageMs: number | null = null;
  wakes = 0;

  constructor(limits: Partial<WatchLimits> = {}) {
    const { store, clock } = this;
    this.server = new WatchServer({
      store,
      clock,
      hasLeader: () => this.hasLeader,
      ageMs: () => this.ageMs,
      limits,
    });
  }

  put(key: string, version = 0, value = new Uint8Array(10)): void {
    this.store.apply(encodeRequest({ type: "put", key, value, version }));
  }

  open(query: Partial<WatchQuery> = {}): WatchStream {
    const ranges = [rangeOfKey("k")];
    const usual = { ranges, from: null, previous: false, keysOnly: false };
    const stream = this.server.open(encodeWatch({ ...usual, ...query }), () => this.wakes++);
    assert(stream !== null);
    return stream;
  }
}

/** Everything that the stream has now. */
function drain(
  stream: WatchStream,
): { readonly groups: SeenGroup[]; readonly end: WatchEnd | null } {
  const groups: SeenGroup[] = [];
  const reader = new PartReader();
  for (let part = stream.next(); part !== null; part = stream.next()) {
    if (part.isLast) return { groups, end: decodeWatchEnd(part.payload) };
    groups.push(...reader.read(part.payload)!);
  }
  return { groups, end: null };
}

/** The revisions of groups; those of marks are negative. */
function revisions(stream: WatchStream): readonly number[] {
  const { groups, end } = drain(stream);
  assertEquals(end, null);
  return groups.map(({ revision, changes }) => changes.length === 0 ? -revision : revision);
}

Deno.test("a watch says at once where it begins, then brings changes, and marks in between", async () => {
  const watched = new Watched();
  watched.put("other");
  const stream = watched.open();
  assertEquals(revisions(stream), [-1]);
  watched.put("k");
  watched.put("other", 1);
  assertEquals([watched.wakes > 0, revisions(stream)], [true, [2]]);
  assertEquals(revisions(stream), []);
  await watched.clock.sleep(1100);
  assertEquals(revisions(stream), [-3]);
  await watched.clock.sleep(1100);
  assertEquals(revisions(stream), []);
  watched.store.apply(encodeRequest({ type: "time" }));
  await watched.clock.sleep(1100);
  assertEquals(revisions(stream), [-4]);
  watched.server.stop();
});

Deno.test("a watch from the past brings what happened since, in groups longer than a part too", () => {
  const watched = new Watched();
  const long = new Uint8Array(100_000);
  for (let version = 0; version < 5; version++) watched.put("k", version, long);
  const stream = watched.open({ from: 2, previous: true });
  const { groups } = drain(stream);
  assertEquals(groups.map(({ revision }) => revision), [3, 4, 5]);
  for (const { changes: [change] } of groups) {
    assertEquals([change!.value.length, change!.previous!.value.length], [100_000, 100_000]);
    assertEquals(change!.previous!.revision, change!.revision - 1);
  }
  watched.server.stop();
});

Deno.test("a watch of what is gone ends as compacted, and one that is too slow as behind", () => {
  const watched = new Watched({ recentBytesMax: 2000, queueGroupsMax: 2 });
  const slow = watched.open();
  assertEquals(revisions(slow), [0 * -1]);
  for (let version = 0; version < 100; version++) watched.put("k", version);
  assertEquals(drain(slow).end, { type: "behind", revision: 0 });
  const late = drain(watched.open({ from: 5 }));
  assert(late.end?.type === "compacted" && late.end.oldest > 5);
  assertEquals(revisions(watched.open({ from: late.end.oldest })).length, 100 - late.end.oldest);
  watched.server.stop();
});

Deno.test("a node that hears of no leader for long sends its watches away, and new ones at once", async () => {
  const watched = new Watched();
  const stream = watched.open();
  watched.hasLeader = false;
  await watched.clock.sleep(2000);
  watched.hasLeader = true;
  await watched.clock.sleep(1100);
  watched.hasLeader = false;
  await watched.clock.sleep(3000);
  watched.put("k");
  assertEquals(drain(stream).end, null);
  await watched.clock.sleep(2100);
  assertEquals(drain(stream).end, { type: "outdated" });
  stream.stop();
  assertEquals(drain(watched.open()).end, { type: "outdated" });
  watched.hasLeader = true;
  await watched.clock.sleep(1100);
  assertEquals(drain(watched.open()).end, null);
  watched.server.stop();
});

Deno.test("a node that is far behind sends its watches away, but serves a new one for a while (W9)", async () => {
  const watched = new Watched();
  const stream = watched.open();
  watched.ageMs = 2900;
  await watched.clock.sleep(2100);
  assertEquals(drain(stream).end, null);
  watched.ageMs = 3100;
  await watched.clock.sleep(500);
  const late = watched.open({ from: 0 });
  watched.put("k");
  await watched.clock.sleep(600);
  assertEquals([drain(stream).end, drain(late).end], [{ type: "outdated" }, null]);
  await watched.clock.sleep(1100);
  assertEquals(drain(late).end, { type: "outdated" });
  watched.server.stop();
});

Deno.test("a jump of the store to a later state ends its watches, and bytes that are no watch begin none", async () => {
  const [source, watched] = [new Watched(), new Watched()];
  for (let version = 0; version < 7; version++) source.put("k", version);
  const stream = watched.open();
  assertEquals(drain(stream).end, null);
  const image = source.store.snapshot();
  let step = image.next();
  while (!step.done) step = image.next();
  for (const _step of watched.store.restore(step.value));
  assertEquals(drain(stream).end, { type: "behind", revision: 0 });
  const late = watched.open({ from: 3 });
  assertEquals(drain(late).end, { type: "compacted", oldest: 7 });
  assertEquals(watched.server.open(Uint8Array.of(1), () => {}), null);
  for (const each of [stream, late]) each.stop();
  assertEquals(watched.server.size, 0);
  await watched.clock.sleep(5000);
  for (const { server } of [source, watched]) server.stop();
});
