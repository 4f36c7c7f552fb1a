/**
 * Damage behind the storage's back: flipped bits, misplaced and missing bytes, lost and exchanged
 * files, folders of others. Nothing of it is served; what is refused says where and what to do
 * (D4, D6, D8, E4).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FileStorage } from "../../raft/storage/file_storage.ts";
import { applySave, EMPTY } from "../../raft/core/save.ts";
import { StorageError } from "../../raft/storage/storage_error.ts";
import type { Trimmed } from "../../raft/storage/file_recovery.ts";
import type { Persistent, Save } from "../../raft/core/types.ts";
import { IDENTITY, smallStorage, stateAfter } from "./file_storage_home.ts";
import { SeededRandom } from "../sim/seeded_random.ts";
import { type DiskImage, SimDisk } from "../sim/sim_disk.ts";
import { describePersistent, entriesOf, saveOf, snapshotOf } from "./storage_suite.ts";

/** Ends with a snapshot, two old segments and a newest one with several saves. */
const SAVES: readonly Save[] = [
  saveOf({ vote: { term: 2, votedFor: 3 } }),
  saveOf({ tail: { from: 1, entries: entriesOf(1, 4, 1) } }),
  saveOf({ snapshot: snapshotOf(2, 1, 90) }),
  saveOf({ tail: { from: 5, entries: entriesOf(5, 9, 1) } }),
  saveOf({ tail: { from: 14, entries: entriesOf(14, 9, 2) } }),
  saveOf({ tail: { from: 23, entries: entriesOf(23, 2, 2) } }),
  saveOf({ tail: { from: 25, entries: entriesOf(25, 2, 2) } }),
  saveOf({ tail: { from: 27, entries: [{ index: 27, term: 2, command: null }] } }),
];

async function folderAfter(saves: readonly Save[]): Promise<DiskImage> {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open());
  await storage.load();
  for (const save of saves) await storage.save(save);
  await storage.close();
  return disk.image();
}

/** What the storage makes of a folder. */
async function verdictOn(
  image: DiskImage,
): Promise<{ state: Persistent; trimmed: Trimmed | null } | StorageError> {
  let trimmed: Trimmed | null = null;
  const storage = new FileStorage({
    files: new SimDisk(image).open(),
    identity: IDENTITY,
    trimmed: (what) => trimmed = what,
  });
  try {
    return { state: await storage.load(), trimmed };
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  } finally {
    await storage.close();
  }
}

/** The folder with one file replaced, or without it. */
function replaced(
  image: DiskImage,
  name: string,
  bytes: Uint8Array<ArrayBuffer> | null,
): DiskImage {
  const copy = new Map(image);
  if (bytes === null) copy.delete(name);
  else copy.set(name, bytes);
  return copy;
}

function newestSegment(image: DiskImage): string {
  return [...image.keys()].filter((name) => name.startsWith("log-")).sort().at(-1)!;
}

Deno.test("FileStorage refuses the folder when any single bit of any file is flipped", async () => {
  const image = await folderAfter(SAVES);
  const counts = { damaged: 0, other: 0, bytes: 0 };
  for (const [name, bytes] of image) {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << bit % 8;
      const verdict = await verdictOn(replaced(image, name, copy));
      const what = `${name} byte ${bit >> 3} bit ${bit % 8}`;
      assert(verdict instanceof StorageError, `${what} was served`);
      assertEquals([verdict.kind, verdict.file], ["damaged", name], what);
      assert((verdict.offset ?? -1) <= bit >> 3, `${what}: reported at ${verdict.offset}`);
      counts.damaged++;
    }
    counts.bytes += bytes.length;
  }
  console.log(
    `bit flips: ${counts.damaged} bits in ${image.size} files, ${counts.damaged} refused, ` +
      "0 trimmed, 0 served",
  );
  assertEquals(counts.damaged, 8 * counts.bytes);
});

Deno.test("FileStorage trims the last save when the newest segment ends within it", async () => {
  const image = await folderAfter(SAVES);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  const before = describePersistent(stateAfter(SAVES.slice(0, -1)));
  const start = (await folderAfter(SAVES.slice(0, -1))).get(name)!.length;
  for (let length = start + 1; length < bytes.length; length++) {
    const verdict = await verdictOn(replaced(image, name, bytes.slice(0, length)));
    assert(!(verdict instanceof StorageError), String(verdict));
    assertEquals(describePersistent(verdict.state), before);
    assertEquals(verdict.trimmed, { file: name, offset: start, bytes: length - start });
  }
});

Deno.test("FileStorage refuses the folder when a record before a valid one is cut out or zeroed", async () => {
  const image = await folderAfter(SAVES);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  const lastStart = (await folderAfter(SAVES.slice(0, -1))).get(name)!.length;
  let cases = 0;
  for (let from = 96; from < lastStart; from += 8) {
    const zeroed = bytes.slice().fill(0, from, lastStart);
    const cut = new Uint8Array([...bytes.subarray(0, from), ...bytes.subarray(from + 8)]);
    for (const copy of [zeroed, cut]) {
      const verdict = await verdictOn(replaced(image, name, copy));
      assert(verdict instanceof StorageError, `served with a hole at ${from}`);
      assertEquals(verdict.kind, "damaged");
      cases++;
    }
  }
  assert(cases > 20);
});

Deno.test("FileStorage serves nothing wrong when a write lands in another place", async () => {
  const image = await folderAfter(SAVES);
  const expected = stateAfter(SAVES);
  const random = new SeededRandom(5).next;
  const names = [...image.keys()];
  const pick = (count: number): number => Math.floor(random() * count);
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const from = names[pick(names.length)]!;
    const to = names[pick(names.length)]!;
    const source = image.get(from)!;
    const target = image.get(to)!.slice();
    const start = 8 * pick(source.length / 8);
    const piece = source.subarray(start, start + 8 * (1 + pick(20)));
    // Half of them land where they belong, but in another file.
    const at = random() < 0.5 && start < target.length ? start : 8 * pick(target.length / 8);
    target.set(piece.subarray(0, target.length - at), at);
    const verdict = await verdictOn(replaced(image, to, target));
    if (verdict instanceof StorageError) refused++;
    else {assertEquals(
        verdict,
        { state: expected, trimmed: null },
        `${from}+${start} to ${to}+${at}`,
      );}
  }
  console.log(`misplaced writes: 3000, ${refused} refused, the others changed nothing`);
  assert(refused > 1500);
});

Deno.test("FileStorage refuses the folder when a file is missing or under another's name", async () => {
  const image = await folderAfter(SAVES);
  const names = [...image.keys()];
  assert(names.length >= 5, names.join());
  for (const name of names) {
    const verdict = await verdictOn(replaced(image, name, null));
    assert(verdict instanceof StorageError, `served without ${name}`);
    assertEquals(verdict.kind, "damaged");
    for (const other of names) {
      if (other === name) continue;
      const swapped = await verdictOn(replaced(image, name, image.get(other)!));
      assert(swapped instanceof StorageError, `served ${other} as ${name}`);
    }
  }
});

Deno.test("FileStorage names the segment when one that is not the newest ends too early", async () => {
  const image = await folderAfter(SAVES);
  const [older] = [...image.keys()].filter((name) => name.startsWith("log-")).sort();
  const verdict = await verdictOn(replaced(image, older!, image.get(older!)!.slice(0, -3)));
  assert(verdict instanceof StorageError);
  assertEquals([verdict.kind, verdict.file], ["damaged", older!]);
});

Deno.test("FileStorage refuses the folder when a segment comes from another history", async () => {
  const histories = await Promise.all([1, 2].map((term) =>
    folderAfter([
      saveOf({ vote: { term: 2, votedFor: null } }),
      saveOf({ tail: { from: 1, entries: entriesOf(1, 12, term) } }),
      saveOf({ tail: { from: 13, entries: entriesOf(13, 2, 2) } }),
    ])
  ));
  const [one, other] = histories as [DiskImage, DiskImage];
  const name = newestSegment(one);
  assertEquals(newestSegment(other), name);
  const verdict = await verdictOn(replaced(one, name, other.get(name)!));
  assert(verdict instanceof StorageError, "another history was served");
  assertEquals([verdict.kind, verdict.file], ["damaged", name]);
});

Deno.test("FileStorage refuses an older snapshot when the newest one is missing", async () => {
  const disk = new SimDisk();
  const storage = new FileStorage({ files: disk.open(), identity: IDENTITY });
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  await storage.save(saveOf({ tail: { from: 1, entries: entriesOf(1, 20, 1) } }));
  await storage.save(saveOf({ snapshot: snapshotOf(5, 1) }));
  const before = disk.image();
  await storage.save(saveOf({ snapshot: snapshotOf(10, 1) }));
  const after = disk.image();
  const [old, newest] = [before, after].map((image) =>
    [...image.keys()].find((name) => name.startsWith("snapshot-"))!
  ) as [string, string];
  const verdict = await verdictOn(replaced(replaced(after, newest, null), old, before.get(old)!));
  assert(verdict instanceof StorageError, "an older snapshot was served");
  assertEquals([verdict.kind, verdict.file], ["damaged", newest]);
});

Deno.test("FileStorage refuses the folder when the vote file is an older copy", async () => {
  const later = [...SAVES, saveOf({ vote: { term: 3, votedFor: 1 } })];
  later.push(saveOf({ tail: { from: 28, entries: entriesOf(28, 1, 3) } }));
  const image = await folderAfter(later);
  const old = (await folderAfter(SAVES)).get("vote")!;
  const verdict = await verdictOn(replaced(image, "vote", old));
  assert(verdict instanceof StorageError);
  assertEquals([verdict.kind, verdict.file], ["damaged", "vote"]);
});

Deno.test("FileStorage refuses the folder when a bit flips in a last value that is all zeros", async () => {
  const zeros = [{ index: 28, term: 2, command: new Uint8Array(3000) }];
  const image = await folderAfter([...SAVES, saveOf({ tail: { from: 28, entries: zeros } })]);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  for (const at of [bytes.length - 3000, bytes.length - 1500, bytes.length - 1]) {
    for (let bit = 0; bit < 8; bit++) {
      const copy = bytes.slice();
      copy[at]! ^= 1 << bit;
      assert(await verdictOn(replaced(image, name, copy)) instanceof StorageError, `byte ${at}`);
    }
  }
});

Deno.test("FileStorage names both owners when the folder belongs to another node or cluster", async () => {
  const image = await folderAfter(SAVES);
  const others = [
    { cluster: IDENTITY.cluster, node: 4 },
    { cluster: "another", node: IDENTITY.node },
  ];
  for (const identity of others) {
    const storage = new FileStorage({ files: new SimDisk(image).open(), identity });
    let error: unknown;
    await storage.load().catch((thrown: unknown) => error = thrown);
    assert(error instanceof StorageError);
    assertEquals(error.kind, "foreign");
    assert(error.message.includes(`n3 of cluster "test cluster"`), error.message);
    assert(error.message.includes(`n${identity.node} of cluster "${identity.cluster}"`));
  }
});

Deno.test("FileStorage refuses an empty folder when it was told that there must be one", async () => {
  const disk = new SimDisk();
  const storage = new FileStorage({ files: disk.open(), identity: IDENTITY, create: false });
  let error: unknown;
  await storage.load().catch((thrown: unknown) => error = thrown);
  assert(error instanceof StorageError);
  assertEquals([error.kind, disk.image().size], ["empty", 0]);
});

Deno.test("FileStorage leaves a refused folder as it is", async () => {
  const image = await folderAfter(SAVES);
  const damaged = new Map(image);
  damaged.set("vote", image.get("vote")!.slice(0, 90));
  damaged.set("log-0000000099.tmp", new Uint8Array(3));
  const disk = new SimDisk(damaged);
  await smallStorage(disk.open()).load().catch((error: unknown) => {
    assert(error instanceof StorageError);
  });
  assertEquals(disk.image(), damaged);
});

Deno.test("FileStorage keeps a snapshot's successor when two follow each other at once", async () => {
  const saves = [
    ...SAVES,
    saveOf({ snapshot: snapshotOf(9, 1) }),
    saveOf({ snapshot: snapshotOf(10, 1) }),
  ];
  const image = await folderAfter(saves);
  assertEquals([...image.keys()].filter((name) => name.startsWith("snapshot-")).length, 1);
  const verdict = await verdictOn(image);
  assert(!(verdict instanceof StorageError));
  assertEquals(verdict.state, saves.reduce(applySave, EMPTY));
});
