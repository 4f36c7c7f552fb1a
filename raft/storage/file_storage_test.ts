/** Tests of {@linkcode FileStorage} on a simulated disk; crashes and damage are in `tests/`. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { entriesOf, saveOf, snapshotOf, storageSuite } from "../../tests/storage/storage_suite.ts";
import { IDENTITY, smallStorage } from "../../tests/storage/file_storage_home.ts";
import { SimDisk } from "../../tests/sim/sim_disk.ts";
import { FileStorage } from "./file_storage.ts";
import { applySave, EMPTY } from "../core/save.ts";

storageSuite("FileStorage with small limits", () => {
  const disk = new SimDisk();
  return Promise.resolve({
    open: () => Promise.resolve(smallStorage(disk.open())),
    remove: () => Promise.resolve(),
  });
});

storageSuite("FileStorage after power cuts", () => {
  const disk = new SimDisk();
  return Promise.resolve({
    open: () => {
      disk.cutPowerHard();
      return Promise.resolve(new FileStorage({ files: disk.open(), identity: IDENTITY }));
    },
    remove: () => Promise.resolve(),
  });
});

Deno.test("FileStorage keeps disk use within a small multiple of the live bytes", async () => {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  const live = 20;
  for (let index = 1; index <= 600; index++) {
    await storage.save(saveOf({ tail: { from: index, entries: entriesOf(index, 1, 1) } }));
    if (index % 10 > 0 || index <= live) continue;
    await storage.save(saveOf({ snapshot: snapshotOf(index - live, 1, 50) }));
    const bytes = [...disk.image().values()].reduce((sum, file) => sum + file.length, 0);
    assert(bytes < 4000, `${bytes} bytes for ${live} entries and a snapshot of 50 bytes`);
    assertEquals(storage.sizes().snapshotBytes, 50);
    const log = [...disk.image()].filter(([name]) => name.startsWith("log-"));
    assertEquals(log.reduce((sum, [, file]) => sum + file.length, 0), storage.sizes().logBytes);
  }
});

Deno.test("FileStorage rewrites the live rest of a segment when most of it is dead", async () => {
  const disk = new SimDisk();
  const storage = new FileStorage({
    files: disk.open(),
    identity: IDENTITY,
    segmentBytesMax: 8000,
  });
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  await storage.save(saveOf({ tail: { from: 1, entries: entriesOf(1, 100, 1) } }));
  const before = storage.sizes().logBytes;
  await storage.save(saveOf({ snapshot: snapshotOf(95, 1, 10) }));
  assert(storage.sizes().logBytes < before / 5, `${storage.sizes().logBytes} of ${before} bytes`);
  await storage.close();
});

Deno.test("FileStorage counts live bytes correctly after received snapshots", async () => {
  const storage = new FileStorage({
    files: new SimDisk().open(),
    identity: IDENTITY,
    segmentBytesMax: 8000,
  });
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  for (let from = 1; from < 1000; from += 200) {
    await storage.save(saveOf({ tail: { from, entries: entriesOf(from, 100, 1) } }));
    await storage.save(saveOf({ snapshot: snapshotOf(from + 199, 1, 10) }));
  }
  await storage.save(saveOf({ tail: { from: 1001, entries: entriesOf(1001, 100, 1) } }));
  const before = storage.sizes().logBytes;
  await storage.save(saveOf({ snapshot: snapshotOf(1095, 1, 10) }));
  assert(storage.sizes().logBytes < before / 5, `${storage.sizes().logBytes} of ${before} bytes`);
});

Deno.test("FileStorage writes a prepared image only once, with other saves in between", async () => {
  const created: string[] = [];
  const disk = new SimDisk(new Map(), {
    changed: ({ kind, name }) => void (kind === "create" && created.push(name)),
  });
  const storage = smallStorage(disk.open());
  await storage.load();
  const vote = { term: 1, votedFor: 1 };
  await storage.save(saveOf({ vote, tail: { from: 1, entries: entriesOf(1, 3, 1) } }));
  const snapshot = snapshotOf(2, 1, 700);
  const preparing = storage.prepare(snapshot);
  await storage.save(saveOf({ tail: { from: 4, entries: entriesOf(4, 1, 1) } }));
  await preparing;
  await storage.save(saveOf({ snapshot }));
  assertEquals(created.filter((name) => name.startsWith("snapshot-")).length, 1);
});

Deno.test("FileStorage keeps a snapshot that is saved again", async () => {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  const saves = [
    saveOf({ vote: { term: 1, votedFor: 1 } }),
    saveOf({ snapshot: snapshotOf(3, 1) }),
    saveOf({ snapshot: snapshotOf(3, 1) }),
  ];
  for (const save of saves) await storage.save(save);
  await storage.close();
  assertEquals([...disk.image().keys()].filter((name) => name.startsWith("snapshot-")).length, 1);
  assertEquals(await smallStorage(disk.open()).load(), saves.reduce(applySave, EMPTY));
});

Deno.test("FileStorage removes unfinished files of this and of earlier starts", async () => {
  const disk = new SimDisk();
  const unfinished = () => [...disk.image().keys()].filter((name) => name.endsWith(".tmp"));
  const first = smallStorage(disk.open());
  await first.load();
  const vote = { term: 1, votedFor: 1 };
  await first.save(saveOf({ vote, tail: { from: 1, entries: entriesOf(1, 9, 1) } }));
  await first.prepare(snapshotOf(3, 1));
  await first.prepare(snapshotOf(5, 1));
  assertEquals(unfinished().length, 1);
  await first.close();
  const second = smallStorage(disk.open());
  await second.load();
  assertEquals(unfinished(), []);
  await second.close();
});

Deno.test("FileStorage does not touch files of others, whatever their names", async () => {
  const others = ["notes.tmp", "log-1", "vote.bak", "snapshot.tmp"];
  const disk = new SimDisk(new Map(others.map((name) => [name, new Uint8Array(3)])));
  const storage = smallStorage(disk.open());
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 }, snapshot: snapshotOf(3, 1) }));
  await storage.close();
  assertEquals(others.filter((name) => !disk.image().has(name)), []);
});

Deno.test("FileStorage reports its progress while it opens", async () => {
  const disk = new SimDisk();
  const first = smallStorage(disk.open());
  await first.load();
  await first.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  await first.save(saveOf({ tail: { from: 1, entries: entriesOf(1, 50, 1) } }));
  await first.close();
  const seen: number[] = [];
  const progress = (read: { doneBytes: number; totalBytes: number }) =>
    seen.push(read.doneBytes / read.totalBytes);
  const again = new FileStorage({ files: disk.open(), identity: IDENTITY, progress });
  await again.load();
  assert(seen.length > 0 && seen.every((share) => share > 0 && share <= 1), seen.join());
});

Deno.test("FileStorage refuses invalid limits and identities", () => {
  const files = new SimDisk().open();
  for (const segmentBytesMax of [0, 100, 2 ** 32, NaN]) {
    assertThrows(() => new FileStorage({ files, identity: IDENTITY, segmentBytesMax }), RangeError);
  }
  for (const recordBytesMax of [0, 31, 64.5, 2 ** 32, NaN]) {
    assertThrows(() => new FileStorage({ files, identity: IDENTITY, recordBytesMax }), RangeError);
  }
  for (const identity of [{ cluster: "", node: 1 }, { cluster: "x".repeat(33), node: 1 }]) {
    assertThrows(() => new FileStorage({ files, identity }), RangeError);
  }
  assertThrows(() => new FileStorage({ files, identity: { cluster: "x", node: 0 } }), RangeError);
});
