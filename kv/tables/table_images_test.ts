/**
 * Tests of tables below the log of a node: background work, and images between servers.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Arrival,
  type Entry as LogEntry,
  type ImagePiece,
  type ImagePlace,
  type Moment,
  StorageError,
  SystemClock,
} from "../../raft/mod.ts";
import { DiskError, type DiskImage, SimDisk } from "../../tests/sim/sim_disk.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { MEMBERS } from "../../tests/helpers/log_entries.ts";
import { until } from "../../tests/helpers/until.ts";
import type { Entry } from "./files/entry.ts";
import { TableImages } from "./table_images.ts";

const SMALL = {
  memoryBytes: 20_000,
  replacedFactor: 1,
  tableBytes: 10_000,
  level0Tables: 2,
  level1Bytes: 40_000,
};
const BEGIN: ImagePlace = { offset: 0, cursor: new Uint8Array(0) };
const NO_DATA = new Uint8Array(0);

/** An entry of the log, of whose command the tables know nothing. */
function entryAt(index: number): LogEntry {
  const times = { steady: index * 1000, wall: index };
  return { index, term: 1, times, kind: "command", data: NO_DATA };
}

/** One server: its images, and what a node would see of them. */
class Server {
  readonly images: TableImages;
  /** The log's durable end. */
  durable = Infinity;
  changes = 0;
  failure: unknown = null;

  /** The waits of its clock that have neither ended nor been cancelled. */
  readonly timers = new Set<object>();

  constructor(readonly disk = new SimDisk(), options: Partial<typeof SMALL> = {}) {
    const system = new SystemClock();
    const clock = {
      now: () => system.now(),
      wall: () => system.wall(),
      soon: (run: () => void) => system.soon(run),
      after: (ms: number, run: () => void) => {
        const timer = system.after(ms, () => (this.timers.delete(timer), run()));
        this.timers.add(timer);
        return { cancel: () => (this.timers.delete(timer), timer.cancel()) };
      },
    };
    this.images = new TableImages({ files: disk.open(), clock, ...SMALL, ...options });
  }

  async open(): Promise<this> {
    await this.images.open();
    this.images.attach({
      changed: () => void this.changes++,
      failed: (error) => void (this.failure = error),
      durable: () => this.durable,
    });
    return this;
  }

  /** The same writes on every server, each followed by the background work. */
  async fill(from: number, to: number): Promise<void> {
    const { state: tables } = this.images;
    for (let revision = from; revision <= to; revision++) {
      const random = new SeededRandom(revision);
      const key = `k${random.below(200)}`;
      const before = tables.get(key);
      const value = random.next() < 0.2 ? null : new Uint8Array(random.below(200)).fill(revision);
      const version = (before?.version ?? 0) + 1;
      const numbers = { revision, version, created: revision, lease: 0, expires: 0 };
      tables.add({ key, ...numbers, value });
      tables.forget(revision - 50, Math.min(600, Math.max(0, revision - 300)));
      this.images.advance([entryAt(revision)]);
      if (revision % 20 === 0) await this.settle();
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    await until(() => this.images.status().memoryBytes < 25_000);
    // A check of the state rests between its slices.
    if (this.images.state.position.index % 600 < 20) {
      await new Promise((end) => setTimeout(end, 30));
    }
  }

  state(at: number): Entry[] {
    const { deletions } = this.images.state;
    return [...this.images.state.scan({ from: "", to: null, at, deletions })];
  }

  /** The next piece of the image at the position that is durable here, or at another one. */
  piece(place: ImagePlace, last = this.images.durable.last): ImagePiece | null {
    return this.images.read({ last, members: MEMBERS, data: NO_DATA }, place, 2000);
  }

  /** Receives a piece as a chunk; resolves when it is processed. */
  async receive(
    piece: ImagePiece,
    { offset, last }: { readonly offset: number; readonly last: Moment },
  ): Promise<ImagePlace | "whole"> {
    const { data, isLast } = piece;
    const total = isLast ? offset + data.length : offset + data.length + 1;
    this.images.receive({ from: 1, last, members: MEMBERS, offset, data, total });
    let news: Arrival | null = null;
    await until(() => {
      news = this.images.takeArrival() ?? news;
      return news?.isBusy === false;
    });
    const { snapshot, place } = news!;
    return snapshot === null ? place : "whole";
  }
}

async function filled(to = 1000): Promise<Server> {
  const server = await new Server().open();
  await server.fill(1, to);
  server.images.flush();
  await until(() => server.images.durable.last.index === to);
  return server;
}

Deno.test("TableImages make the state durable in the background, never ahead of the log", async () => {
  const server = await new Server().open();
  server.durable = 120;
  for (let revision = 1; revision <= 300; revision++) {
    const key = `k${revision}`;
    const numbers = { revision, version: 1, created: revision, lease: 0, expires: 0 };
    server.images.state.add({ key, ...numbers, value: new Uint8Array(300) });
    server.images.advance([entryAt(revision)]);
    if (revision % 10 !== 0) continue;
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert(server.images.durable.last.index <= server.durable);
  }
  server.durable = 300;
  await until(() => server.images.durable.last.index > 120);
  assert(server.changes > 0);
  await server.images.close(true);
  const again = await new Server(server.disk).open();
  const { index, term, times } = entryAt(300);
  assertEquals(again.images.durable.last, { index, term, times });
  assertEquals(again.state(300).length, 300);
  await again.images.close(true);
});

Deno.test("TableImages carry the state to another server in pieces", async () => {
  const leader = await filled();
  const follower = await new Server().open();
  const { last } = leader.images.durable;
  let place: ImagePlace | "whole" = BEGIN;
  let pieces = 0;
  while (place !== "whole") {
    const piece: ImagePiece = leader.piece(place)!;
    pieces++;
    // What comes twice changes nothing.
    const { offset } = place;
    place = await follower.receive(piece, { offset, last });
    if (place !== "whole") assertEquals(place, piece.next);
    assertEquals(follower.images.canApply, true);
  }
  assert(pieces > 5, `${pieces} pieces`);
  assertEquals(follower.state(last.index), leader.state(last.index));
  assertEquals(follower.images.durable.last, last);
  // The first server of a chain is the leader of the next.
  assertEquals(follower.piece(BEGIN), leader.piece(BEGIN));
  // Only the image may be ahead of the log: what is written behind it is in the log.
  assertEquals(follower.images.durable.members, MEMBERS);
  await follower.fill(1001, 1010);
  follower.images.flush();
  await until(() => follower.images.durable.last.index === 1010);
  assertEquals(follower.images.durable.members.voters, []);
  await leader.images.close(true);
  await follower.images.close(true);
  assertEquals([leader.timers.size, follower.timers.size], [0, 0]);
});

Deno.test("TableImages go on with the image of another leader that has the revision", async () => {
  const [one, other] = [await filled(1000), await filled(1040)];
  const { last } = one.images.durable;
  assertEquals(other.images.canContinue(last), true);
  const first = one.piece(BEGIN)!;
  const second = one.piece(first.next)!;
  assertEquals(other.piece(first.next, last), second);
  assertEquals(other.piece(BEGIN, { ...last, index: 1001 }), null, "it is not held");
  assertEquals(
    other.images.canContinue({ index: 500, term: 1 }),
    false,
  );
  assertEquals(
    other.images.canContinue({ index: 1041, term: 1 }),
    false,
  );
  await one.images.close(true);
  await other.images.close(true);
});

Deno.test("TableImages pass over a chunk that comes too early, and go on with the next", async () => {
  const leader = await filled();
  const follower = await new Server().open();
  const { last } = leader.images.durable;
  const first = leader.piece(BEGIN)!;
  assertEquals(await follower.receive(first, { offset: 0, last }), first.next);
  const second = leader.piece(first.next)!;
  const { data, next: { offset: end } } = leader.piece(second.next)!;
  const chunk = { from: 1, last, members: MEMBERS, data, total: end + 1 };
  const { place, isBusy } = follower.images.receive({ ...chunk, offset: second.next.offset });
  assertEquals([place, isBusy], [first.next, false]);
  const { offset } = first.next;
  assertEquals(await follower.receive(second, { offset, last }), second.next);
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("TableImages begin anew after a chunk that does not fit, and keep no file of it", async () => {
  const leader = await filled();
  const follower = await new Server().open();
  const { last } = leader.images.durable;
  const first = leader.piece(BEGIN)!;
  const place = await follower.receive(first, { offset: 0, last });
  assertEquals(place, first.next);
  const second = leader.piece(first.next)!;
  const data = second.data.slice();
  data[40]! ^= 1;
  const after = await follower.receive({ ...second, data }, { offset: first.data.length, last });
  assertEquals(after, BEGIN);
  await until(() => follower.disk.image().size === 0);
  assertEquals(follower.failure, null);
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("TableImages refuse the state of another revision than that of the image (X7)", async () => {
  const leader = await filled(200);
  const { last } = leader.images.durable;
  const { data } = leader.piece(BEGIN)!;
  const follower = await new Server().open();
  const later = { ...last, index: last.index + 1 };
  const place = await follower.receive({ data, next: BEGIN, isLast: true }, {
    offset: 0,
    last: later,
  });
  assertEquals([place, follower.failure], [BEGIN, null]);
  await until(() => follower.disk.image().size === 0);
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("TableImages hold back entries from the last chunk until the state is replaced", async () => {
  const leader = await filled(200);
  const { last } = leader.images.durable;
  const data = leader.images.read({ last, members: MEMBERS, data: NO_DATA }, BEGIN, 10 ** 9)!.data;
  const follower = await new Server().open();
  follower.images.receive({ from: 1, last, members: MEMBERS, offset: 0, data, total: data.length });
  assertEquals(follower.images.canApply, false);
  await until(() => follower.images.durable.last.index === 200);
  const arrival = follower.images.takeArrival();
  assertEquals([arrival?.isBusy, arrival?.snapshot?.last], [false, last]);
  assertEquals(follower.images.canApply, true);
  assertEquals(follower.state(200), leader.state(200));
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("a power cut while an image arrives leaves the old state or the new one, whole", async () => {
  const leader = await filled(300);
  const { last } = leader.images.durable;
  const images: DiskImage[] = [];
  const random = new SeededRandom(5);
  let isCut = false;
  const disk: SimDisk = new SimDisk(new Map(), {
    changed: () => {
      if (isCut) images.push(...disk.imagesAfterPowerCut(random.next, 3));
    },
  });
  const follower = await new Server(disk).open();
  await follower.fill(1, 100);
  follower.images.flush();
  await until(() => follower.images.durable.last.index === 100);
  const old = follower.state(100);
  isCut = true;
  let place: ImagePlace | "whole" = BEGIN;
  while (place !== "whole") {
    place = await follower.receive(leader.piece(place)!, { offset: place.offset, last });
  }
  isCut = false;
  const counts = { old: 0, new: 0 };
  for (const image of images) {
    const again = await new Server(new SimDisk(image)).open();
    const { index } = again.images.durable.last;
    counts[index === 100 ? "old" : "new"]++;
    assertEquals(again.state(index), index === 100 ? old : leader.state(300));
    await again.images.close(false);
  }
  assert(counts.old > 20 && counts.new > 0, `${counts.old} times the old, ${counts.new} the new`);
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("a question about the end of what has come of an image disturbs nothing", async () => {
  const leader = await filled(300);
  const follower = await new Server().open();
  const { last } = leader.images.durable;
  const first = leader.piece(BEGIN)!;
  const chunk = { from: 1, last, members: MEMBERS, offset: 0, data: first.data };
  follower.images.receive({ ...chunk, total: 10 ** 6 });
  const question = { ...chunk, offset: first.data.length, data: NO_DATA, total: 10 ** 6 };
  assertEquals(follower.images.receive(question).isBusy, true);
  await until(() => !follower.images.receive(question).isBusy);
  assertEquals(follower.images.receive(question).place, first.next);
  assertEquals(follower.images.takeArrival()?.place, first.next);
  const second = leader.piece(first.next)!;
  const place = await follower.receive(second, { offset: first.data.length, last });
  assertEquals(place, second.next);
  await leader.images.close(true);
  await follower.images.close(true);
});

Deno.test("TableImages hash the state where the log's time enters a new period, alike everywhere", async () => {
  const servers = [
    await filled(1300),
    await new Server(new SimDisk(), { memoryBytes: 5000 }).open(),
  ];
  await servers[1]!.fill(1, 1300);
  const wanted = servers[0]!.images.status().checks;
  assertEquals(wanted.map(({ revision }) => revision), [1200, 600]);
  assertEquals(servers[1]!.images.status().checks, wanted);
  // One server makes something else of one entry.
  const other = await new Server().open();
  await other.fill(1, 700);
  const numbers = { revision: 701, version: 1, created: 701, lease: 0, expires: 0 };
  other.images.state.add({ key: "k", ...numbers, value: null });
  other.images.state.add({ key: "l", ...numbers, value: new Uint8Array(1) });
  other.images.advance([entryAt(701)]);
  await other.fill(702, 1300);
  const [latest, before] = other.images.status().checks;
  assertEquals(before, wanted[1]);
  assert(latest!.revision === 1200 && latest!.hash !== wanted[0]!.hash);
  for (const { images } of [...servers, other]) await images.close(true);
});

Deno.test("TableImages wait for room on a full disk, and fail on a broken one", async () => {
  let code: "ENOSPC" | "EIO" | null = "ENOSPC";
  const disk: SimDisk = new SimDisk(new Map(), {
    fault: ({ kind }) => kind === "append" && code !== null ? new DiskError(code) : null,
  });
  const server = await new Server(disk).open();
  const filling = server.fill(1, 400);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals([server.failure, server.images.durable.last.index], [null, 0]);
  code = null;
  await filling;
  await until(() => server.images.durable.last.index > 0);
  code = "EIO";
  server.images.flush();
  await until(() => server.failure !== null);
  assert(server.failure instanceof StorageError && server.failure.kind === "failed");
  await server.images.close(false);
});

Deno.test("TableImages merge all into one level when they are asked to", async () => {
  const server = await filled();
  const { state } = server.images;
  const wanted = server.state(1000);
  const numbers = { revision: 1001, version: 1, created: 1001, lease: 0, expires: 0 };
  state.add({ key: "k", ...numbers, value: new Uint8Array(9) });
  state.forget(1001, 0);
  server.images.advance([entryAt(1001)]);
  server.images.compact();
  assertEquals(server.images.status().isCompacting, true);
  await until(() => !server.images.status().isCompacting);
  const { tables, applied } = server.images.status();
  assertEquals([tables.filter((count) => count > 0).length, applied], [1, 1001]);
  assertEquals(server.state(1000), wanted);
  assertEquals(state.get("k")?.revision, 1001);
  await server.images.close(true);
});

Deno.test("TableImages of a folder in use, or without a table that is named, are not opened", async () => {
  const server = await filled(500);
  const other = new Server(server.disk);
  const locked = await assertRejects(() => other.images.open(), StorageError);
  assertEquals(locked.kind, "locked");
  await server.images.close(true);
  const image = new Map(server.disk.image());
  const name = [...image.keys()].find((file) => file.endsWith(".table"))!;
  image.delete(name);
  const missing = new Server(new SimDisk(image));
  const damaged = await assertRejects(() => missing.images.open(), StorageError);
  assertEquals([damaged.kind, damaged.file], ["damaged", name]);
});

Deno.test("TableImages read an image at several places at a time", async () => {
  const server = await filled();
  const first = server.piece(BEGIN);
  assert(first !== null && !first.isLast);
  const second = server.piece(first.next);
  assert(second !== null);
  // Another follower begins while the first one goes on.
  assertEquals(server.piece(BEGIN), first);
  assertEquals(server.piece(first.next), second);
  assertEquals(server.piece(second.next)?.next.offset === second.next.offset, false);
  await server.images.close(true);
});

Deno.test("TableImages cannot go on with an image whose last reader made room for this one", async () => {
  const server = await filled();
  const { images } = server;
  const { last } = images.durable;
  const first = server.piece(BEGIN)!;
  assert(server.piece(first.next) !== null);
  for (const revision of [1001, 1002]) {
    const numbers = { revision, version: 1, created: revision, lease: 0, expires: 0 };
    images.state.add({ key: `k${revision}`, ...numbers, value: NO_DATA });
    images.state.forget(revision, 600);
    images.advance([entryAt(revision)]);
    images.flush();
    await until(() => images.durable.last.index === revision);
  }
  for (let reader = 2; reader <= 4; reader++) assert(server.piece(BEGIN) !== null);
  assertEquals(server.piece(first.next, last), null);
  await images.close(true);
});

Deno.test("TableImages hash the state at the first entry of a period, wherever a turn ends", async () => {
  const hashes: unknown[] = [];
  for (const turn of [1, 16]) {
    const server = await new Server().open();
    const { state: tables } = server.images;
    for (let first = 1; first <= 640; first += turn) {
      const entries = Array.from({ length: turn }, (_, place) => entryAt(first + place));
      for (const { index: revision } of entries) {
        const numbers = { revision, version: 1, created: revision, lease: 0, expires: 0 };
        tables.add({ key: `k${revision}`, ...numbers, value: NO_DATA });
      }
      server.images.advance(entries);
    }
    await until(() => server.images.status().checks.length > 0);
    hashes.push(server.images.status().checks);
    await server.images.close(true);
  }
  assertEquals(hashes[0], hashes[1]);
});

Deno.test("TableImages hold the state that the log begins behind, until the next but one", async () => {
  const server = await filled();
  const { last } = server.images.durable;
  const { state: tables } = server.images;
  for (const revision of [1001, 1002]) {
    const numbers = { revision, version: 1, created: revision, lease: 0, expires: 0 };
    tables.add({ key: `k${revision}`, ...numbers, value: NO_DATA });
    tables.forget(revision, 600);
    server.images.advance([entryAt(revision)]);
    server.images.flush();
    await until(() => server.images.durable.last.index === revision);
    assertEquals(server.piece(BEGIN, last) !== null, revision === 1001);
  }
  await server.images.close(true);
});
