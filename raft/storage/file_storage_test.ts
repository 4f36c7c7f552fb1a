/** Tests of {@linkcode FileStorage} on a simulated disk; crashes and damage are in `tests/`. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { entriesOf, saveOf, snapshotOf, storageSuite } from "../../tests/storage/storage_suite.ts";
import { IDENTITY, smallStorage } from "../../tests/storage/file_storage_home.ts";
import { type DiskOperation, SimDisk } from "../../tests/sim/sim_disk.ts";
import { FileStorage } from "./file_storage.ts";
import { applySave, EMPTY } from "../core/model/save.ts";
import type { Save } from "../core/model/types.ts";

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
      const segmentBytesMax = 100_000;
      const files = disk.open();
      return Promise.resolve(new FileStorage({ files, identity: IDENTITY, segmentBytesMax }));
    },
    remove: () => Promise.resolve(),
  });
});

Deno.test("FileStorage keeps the disk within three segments of what lives when it is compacted", async () => {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  const live = 20;
  for (let index = 1; index <= 600; index++) {
    await storage.save(saveOf({ tail: { from: index, entries: entriesOf(index, 1, 1) } }));
    if (index % 10 > 0 || index <= live) continue;
    await storage.save(saveOf({ snapshot: snapshotOf(index - live, 1, 50) }));
    const liveBytes = live * 500 / 4; // A segment holds four.
    assert(disk.usedBytes < liveBytes + 4 * 500 + 900, `${disk.usedBytes} bytes`);
    assertEquals(storage.sizes().snapshotBytes, 50);
  }
  await storage.close();
  const log = [...disk.image()].filter(([name]) => name.startsWith("log-"));
  assertEquals(log.reduce((sum, [, file]) => sum + file.length, 0), storage.sizes().segmentBytes);
});

Deno.test("FileStorage writes what lives again when most of the segments is dead", async () => {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  for (let term = 1; term <= 200; term++) {
    // Each leader replaces what the one before it left, and adds one entry that stays.
    const tail = { from: term, entries: entriesOf(term, 10, term) };
    await storage.save(saveOf({ vote: { term, votedFor: 1 }, tail }));
    const liveBytes = (term + 10) * (12 + 26);
    assert(disk.usedBytes < 3 * liveBytes + 6 * 500, `${disk.usedBytes} of ${liveBytes} bytes`);
  }
  await storage.close();
});

Deno.test("FileStorage writes nothing again after a start while all of the log lives", async () => {
  const disk = new SimDisk();
  const before = smallStorage(disk.open());
  await before.load();
  const tail = { from: 1, entries: entriesOf(1, 100, 1) };
  await before.save(saveOf({ vote: { term: 1, votedFor: 1 }, tail }));
  await before.close();
  const storage = smallStorage(disk.open());
  await storage.load();
  const segments = (): string[] =>
    [...disk.image().keys()].filter((name) => /^log-\d+$/.test(name)).sort();
  const [first] = segments();
  for (let index = 101; index <= 150; index++) {
    await storage.save(saveOf({ tail: { from: index, entries: entriesOf(index, 1, 1) } }));
  }
  assertEquals(segments()[0], first);
  assert(segments().length > 10, segments().join());
  await storage.close();
});

Deno.test("FileStorage counts what lives right after snapshots from elsewhere", async () => {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  for (let from = 1; from < 1000; from += 200) {
    await storage.save(saveOf({ tail: { from, entries: entriesOf(from, 100, 1) } }));
    await storage.save(saveOf({ snapshot: snapshotOf(from + 199, 1, 10) }));
  }
  for (let term = 2; term <= 100; term++) {
    const tail = { from: 999 + term, entries: entriesOf(999 + term, 10, term) };
    await storage.save(saveOf({ vote: { term, votedFor: 1 }, tail }));
  }
  await storage.close();
  assert(disk.usedBytes < 3 * 110 * (12 + 26) + 6 * 500, `${disk.usedBytes} bytes`);
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

Deno.test("FileStorage leaves no unfinished file behind, of this start or an earlier one", async () => {
  const disk = new SimDisk();
  const unfinished = () => [...disk.image().keys()].filter((name) => name.endsWith(".tmp"));
  const first = smallStorage(disk.open());
  await first.load();
  const vote = { term: 1, votedFor: 1 };
  await first.save(saveOf({ vote, tail: { from: 1, entries: entriesOf(1, 9, 1) } }));
  await first.prepare(snapshotOf(3, 1));
  await first.prepare(snapshotOf(5, 1));
  await first.close();
  assertEquals(unfinished(), ["snapshot-0000000000000005-0000000000000001.tmp"]);
  const second = smallStorage(disk.open());
  await second.load();
  await second.close();
  assertEquals(unfinished(), []);
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

/** The calls that change the disk while a step runs, but not those that other files cause at the same time. */
async function operationsOf(
  step: (storage: FileStorage) => Promise<unknown>,
  options: { readonly before: readonly Save[]; readonly segmentBytesMax?: number },
): Promise<string[]> {
  const operations: string[] = [];
  const changed = ({ kind, name }: DiskOperation) => void operations.push(`${kind} ${name}`.trim());
  const storage = smallStorage(new SimDisk(new Map(), { changed }).open(), options);
  await storage.load();
  for (const save of options.before) await storage.save(save);
  // What is made ahead is made by now.
  await new Promise((resolve) => setTimeout(resolve, 0));
  operations.length = 0;
  await step(storage);
  const during = [...operations];
  await storage.close();
  return during;
}

const VOTE = saveOf({ vote: { term: 1, votedFor: 1 } });

Deno.test("FileStorage needs one sync for a save, the first of a segment included", async () => {
  const before = [VOTE, saveOf({ tail: { from: 1, entries: entriesOf(1, 8, 1) } })];
  const save = saveOf({ tail: { from: 9, entries: entriesOf(9, 1, 1) } });
  const plain = await operationsOf((storage) => storage.save(save), {
    before,
    segmentBytesMax: 1000,
  });
  assertEquals(plain, ["write log-0000000001", "sync log-0000000001"]);
  const rolling = await operationsOf((storage) => storage.save(save), { before });
  const log = rolling.filter((operation) => !operation.includes("tmp"));
  assertEquals(log, ["write log-0000000003", "write log-0000000003", "sync log-0000000003"]);
});

Deno.test("FileStorage needs one sync to make a prepared snapshot count", async () => {
  const before = [VOTE, saveOf({ tail: { from: 1, entries: entriesOf(1, 8, 1) } })];
  const snapshot = snapshotOf(5, 1);
  const operations = await operationsOf((storage) => storage.save(saveOf({ snapshot })), {
    before,
    segmentBytesMax: 1000,
  });
  const name = "snapshot-0000000000000005-0000000000000001";
  const writes = ["create", "append", "append", "append", "sync"].map((kind) =>
    `${kind} ${name}.tmp`
  );
  assertEquals(operations, [...writes, `rename ${name}`, "syncFolder"]);
  const prepared = await operationsOf(async (storage) => {
    await storage.prepare(snapshot);
    await storage.save(saveOf({ snapshot }));
  }, { before, segmentBytesMax: 1000 });
  assertEquals(prepared, operations);
});
