/**
 * Damage behind the storage's back: flipped bits, misplaced and missing bytes, lost and exchanged
 * files, folders of others. Nothing of it is served; what is refused says where and what to do
 * (D4, D6, D8, E4).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FileStorage } from "../../raft/storage/file_storage.ts";
import { applySave, EMPTY } from "../../raft/core/model/save.ts";
import { StorageError } from "../../raft/storage/storage_error.ts";
import type { Trimmed } from "../../raft/storage/file_reading.ts";
import type { Persistent, Save } from "../../raft/core/model/types.ts";
import { IDENTITY, replaced, smallStorage, stateAfter } from "./file_storage_home.ts";
import { usedLength } from "../../raft/storage/format/record.ts";
import { SeededRandom } from "../sim/seeded_random.ts";
import { type DiskImage, SimDisk } from "../sim/sim_disk.ts";
import { entriesOf, noopOf, saveOf, snapshotOf } from "./storage_suite.ts";

/** Ends with a snapshot, two old segments and a newest one with several saves. */
const SAVES: readonly Save[] = [
  saveOf({ vote: { term: 2, votedFor: 3 } }),
  saveOf({ tail: { from: 1, entries: entriesOf(1, 4, 1) } }),
  saveOf({ snapshot: snapshotOf(2, 1, 90) }),
  saveOf({ tail: { from: 5, entries: entriesOf(5, 9, 1) } }),
  saveOf({ tail: { from: 14, entries: entriesOf(14, 9, 2) } }),
  saveOf({ tail: { from: 23, entries: entriesOf(23, 2, 2) } }),
  saveOf({ tail: { from: 25, entries: entriesOf(25, 2, 2) } }),
  saveOf({ tail: { from: 27, entries: [noopOf(27, 2)] } }),
];

async function folderAfter(
  saves: readonly Save[],
  segmentBytesMax = 500,
): Promise<DiskImage> {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open(), { segmentBytesMax });
  await storage.load();
  for (const save of saves) await storage.save(save);
  await storage.close();
  return disk.image();
}

/** The result of opening a folder. */
async function verdictOn(
  image: DiskImage,
): Promise<{ state: Persistent; trimmed: Trimmed | null } | StorageError> {
  let trimmed: Trimmed | null = null;
  const files = new SimDisk(image).open();
  const storage = smallStorage(files, { trimmed: (what) => trimmed = what });
  try {
    return { state: await storage.load(), trimmed };
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  } finally {
    await storage.close();
  }
}

function segmentsOf(image: DiskImage): string[] {
  return [...image.keys()].filter((name) => name.startsWith("log-")).sort();
}

/** The segment of the last save; only the prepared segment follows it. */
function newestSegment(image: DiskImage): string {
  return segmentsOf(image).at(-2)!;
}

/** Where the last save in a file ends: behind it are zeros. */
function usedBytes(image: DiskImage, name: string): number {
  return usedLength(image.get(name)!);
}

Deno.test("FileStorage trims the last save when some of its sectors were never written", async () => {
  const saves = [...SAVES, saveOf({ tail: { from: 28, entries: entriesOf(28, 40, 2) } })];
  const image = await folderAfter(saves, 4000);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  const start = usedBytes(await folderAfter(SAVES, 4000), name);
  const end = usedBytes(image, name);
  let cases = 0;
  for (let sector = Math.floor(start / 512); sector * 512 < end; sector++) {
    const lost = bytes.slice().fill(0, Math.max(start, sector * 512), sector * 512 + 512);
    const verdict = await verdictOn(replaced(image, name, lost));
    assert(!(verdict instanceof StorageError), String(verdict));
    assertEquals(verdict.state, stateAfter(SAVES));
    const { trimmed } = verdict;
    assert(trimmed !== null && trimmed.entries <= 40);
    // The end of the save is lost with the last sector.
    assertEquals([trimmed.file, trimmed.offset], [name, start]);
    if (sector * 512 + 512 < end) assertEquals(trimmed.bytes, end - start);
    cases++;
  }
  assert(cases > 2, `${cases} sectors`);
});

Deno.test("FileStorage counts the entries of a save that was cut off as far as they can be read", async () => {
  const saves = [...SAVES, saveOf({ tail: { from: 28, entries: entriesOf(28, 40, 2) } })];
  const image = await folderAfter(saves, 4000);
  const name = newestSegment(image);
  const end = usedBytes(image, name);
  const lost = image.get(name)!.slice().fill(0, end - end % 512);
  const verdict = await verdictOn(replaced(image, name, lost));
  assert(!(verdict instanceof StorageError), String(verdict));
  const entries = verdict.trimmed?.entries ?? 0;
  assert(entries > 20 && entries <= 40, `${entries} entries`);
});

Deno.test("FileStorage refuses the folder when any file became shorter or longer", async () => {
  const image = await folderAfter(SAVES);
  let cases = 0;
  for (const [name, bytes] of image) {
    const lengths = Array.from({ length: bytes.length }, (_, length) => length);
    for (const length of [...lengths, bytes.length + 1, bytes.length + 512]) {
      const other = new Uint8Array(length);
      other.set(bytes.subarray(0, length));
      const verdict = await verdictOn(replaced(image, name, other));
      assert(verdict instanceof StorageError, `${name} with ${length} bytes was served`);
      assertEquals([verdict.kind, verdict.file], ["damaged", name], `${name}, ${length} bytes`);
      cases++;
    }
  }
  console.log(`changed lengths: ${cases} of ${image.size} files, all refused`);
});

Deno.test("FileStorage names both lengths when half of the newest segment is gone", async () => {
  const image = await folderAfter(SAVES);
  const name = newestSegment(image);
  const verdict = await verdictOn(replaced(image, name, image.get(name)!.slice(0, 250)));
  assert(verdict instanceof StorageError);
  assert(verdict.message.includes("250 bytes instead of 500"), verdict.message);
  assert(verdict.message.includes("Keep a copy of the folder"), verdict.message);
});

Deno.test("FileStorage refuses the folder when a record before a valid one is cut out or zeroed", async () => {
  const image = await folderAfter(SAVES);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  const lastStart = usedBytes(await folderAfter(SAVES.slice(0, -1)), name);
  let cases = 0;
  for (let from = 96; from < lastStart; from += 8) {
    const zeroed = bytes.slice().fill(0, from, lastStart);
    const cut = bytes.slice();
    cut.set(bytes.subarray(from + 8), from);
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
    const source = image.get(from)!.subarray(0, usedBytes(image, from));
    const target = image.get(to)!.slice();
    const start = 8 * pick(source.length / 8);
    const piece = source.subarray(start, start + 8 * (1 + pick(20)));
    // Half of them land where they belong, but in another file.
    const at = random() < 0.5 && start < target.length ? start : 8 * pick(target.length / 8);
    target.set(piece.subarray(0, target.length - at), at);
    // Zeros at the end of the last save look as if it had never been written.
    if (usedLength(target) < usedBytes(image, to)) continue;
    const verdict = await verdictOn(replaced(image, to, target));
    const what = `${from}+${start} to ${to}+${at}`;
    if (verdict instanceof StorageError) {
      refused++;
      continue;
    }
    assertEquals(verdict.state, expected, what);
    assert(verdict.trimmed === null || at + piece.length > usedBytes(image, to), what);
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

Deno.test("FileStorage names the segment when the last save of an older one is lost", async () => {
  const image = await folderAfter(SAVES);
  const [older] = segmentsOf(image);
  const bytes = image.get(older!)!;
  const used = usedBytes(image, older!);
  const verdict = await verdictOn(replaced(image, older!, bytes.slice().fill(0, used - 16)));
  assert(verdict instanceof StorageError);
  assertEquals([verdict.kind, verdict.file], ["damaged", older!]);
});

Deno.test("FileStorage refuses the folder when a segment in use is missing and the prepared one is there", async () => {
  const image = await folderAfter(SAVES);
  const name = newestSegment(image);
  const verdict = await verdictOn(replaced(image, name, null));
  assert(verdict instanceof StorageError);
  assertEquals([verdict.kind, verdict.file], ["damaged", name]);
  assert(verdict.message.includes("in use is missing"), verdict.message);
});

Deno.test("FileStorage refuses a torn save in a segment when a later one was begun behind it", async () => {
  const image = await folderAfter(SAVES);
  const later = await folderAfter([
    ...SAVES,
    saveOf({ tail: { from: 28, entries: entriesOf(28, 9, 2) } }),
  ]);
  const name = newestSegment(image);
  const next = newestSegment(later);
  assertEquals(next, segmentsOf(image).at(-1));
  // The first save of the next segment was cut off: its second half is missing.
  const begun = later.get(next)!;
  const half = replaced(image, next, begun.slice().fill(0, 144 + 40));
  const sound = await verdictOn(half);
  assert(!(sound instanceof StorageError), String(sound));
  assertEquals(sound.state, stateAfter(SAVES));
  const torn = image.get(name)!.slice().fill(0, usedBytes(image, name) - 16);
  const verdict = await verdictOn(replaced(half, name, torn));
  assert(verdict instanceof StorageError, "a lost save was served as one that was cut off");
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

/** The folder before and after a second snapshot, whose name is the newest. */
async function folderWithSnapshot(
  segmentBytesMax: number,
  later: readonly Save[],
): Promise<{ image: DiskImage; state: Persistent; old: string; newest: string; older: DiskImage }> {
  const disk = new SimDisk();
  const storage = smallStorage(disk.open(), { segmentBytesMax });
  const saves = [
    saveOf({ vote: { term: 1, votedFor: 1 } }),
    saveOf({ tail: { from: 1, entries: entriesOf(1, 20, 1) } }),
    saveOf({ snapshot: snapshotOf(5, 1) }),
    saveOf({ tail: { from: 21, entries: entriesOf(21, 20, 1) } }),
  ];
  await storage.load();
  for (const save of saves) await storage.save(save);
  const older = disk.image();
  for (const save of later) await storage.save(save);
  await storage.close();
  const image = disk.image();
  const [old, newest] = [older, image].map((some) =>
    [...some.keys()].find((name) => name.startsWith("snapshot-"))!
  ) as [string, string];
  return { image, state: stateAfter([...saves, ...later]), old, newest, older };
}

Deno.test("FileStorage refuses an older snapshot when the vote file names a newer one", async () => {
  const later = [
    saveOf({ snapshot: snapshotOf(30, 1) }),
    saveOf({ vote: { term: 2, votedFor: 1 } }),
  ];
  const { image, old, newest, older } = await folderWithSnapshot(10_000, later);
  const verdict = await verdictOn(replaced(replaced(image, newest, null), old, older.get(old)!));
  assert(verdict instanceof StorageError, "an older snapshot was served");
  assertEquals([verdict.kind, verdict.file], ["damaged", newest]);
});

Deno.test("FileStorage loses no entry when the newest snapshot is missing and the log goes back far enough", async () => {
  const later = [saveOf({ snapshot: snapshotOf(30, 1) })];
  const { image, state, old, newest, older } = await folderWithSnapshot(10_000, later);
  const verdict = await verdictOn(replaced(replaced(image, newest, null), old, older.get(old)!));
  assert(!(verdict instanceof StorageError), String(verdict));
  assertEquals(verdict.state.snapshot?.last, snapshotOf(5, 1).last);
  assertEquals(verdict.state.entries.slice(25), [...state.entries]);
});

Deno.test("FileStorage refuses an older snapshot when the log does not go back to it", async () => {
  const later = [saveOf({ snapshot: snapshotOf(38, 1) })];
  const { image, old, newest, older } = await folderWithSnapshot(1000, later);
  const verdict = await verdictOn(replaced(replaced(image, newest, null), old, older.get(old)!));
  assert(verdict instanceof StorageError, "an older snapshot was served with a gap behind it");
  assertEquals(verdict.kind, "damaged");
});

Deno.test("FileStorage refuses an older snapshot when a snapshot from elsewhere replaced the log", async () => {
  for (const last of [{ index: 30, term: 2 }, { index: 60, term: 1 }]) {
    const vote = { term: 2, votedFor: 1 };
    const snapshot = snapshotOf(last.index, last.term);
    const later = [
      saveOf({ vote }),
      saveOf({ snapshot, tail: { from: last.index + 1, entries: [] } }),
      saveOf({ tail: { from: last.index + 1, entries: entriesOf(last.index + 1, 1, 2) } }),
    ];
    const { image, old, newest, older } = await folderWithSnapshot(10_000, later);
    const copies = new Map([...older, ...image]);
    copies.delete(newest);
    copies.set(old, older.get(old)!);
    const verdict = await verdictOn(copies);
    assert(verdict instanceof StorageError, "the log before the snapshot was served");
    assertEquals(verdict.kind, "damaged");
  }
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
  const zeros = [{ ...noopOf(28, 2), kind: "command", data: new Uint8Array(3000) }] as const;
  const saves = [...SAVES, saveOf({ tail: { from: 28, entries: zeros } })];
  const image = await folderAfter(saves, 10_000);
  const name = newestSegment(image);
  const bytes = image.get(name)!;
  const command = usedBytes(await folderAfter(SAVES, 10_000), name) + 32 + 12;
  for (const at of [command, command + 1500, command + 2999]) {
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

Deno.test("FileStorage refuses a folder, and a file in it, of another cluster id or incarnation (I3)", async () => {
  const image = await folderAfter(SAVES);
  for (const field of ["clusterId", "incarnation"] as const) {
    const other = { ...IDENTITY, [field]: "ab".repeat(16) };
    const whole = smallStorage(new SimDisk(image).open(), { identity: other });
    const disk = new SimDisk();
    const foreign = smallStorage(disk.open(), { identity: other });
    await foreign.load();
    for (const save of SAVES) await foreign.save(save);
    await foreign.close();
    const name = newestSegment(image);
    const mixed = replaced(image, name, disk.image().get(name)!);
    const part = smallStorage(new SimDisk(mixed).open());
    for (const storage of [whole, part]) {
      let error: unknown;
      await storage.load().catch((thrown: unknown) => error = thrown);
      assert(error instanceof StorageError, `${field}: ${error}`);
      assertEquals(error.kind, "foreign");
      assert(error.message.includes("ab".repeat(16)), error.message);
    }
  }
});

Deno.test("FileStorage refuses an empty folder when it must not create one", async () => {
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

/** Every bit in the long run of `deno task test:process`; otherwise at least two of each byte. */
const BIT_STEP = Deno.args[0] === undefined ? 3 : 1;

Deno.test("FileStorage serves nothing wrong when any single bit of any file is flipped", async () => {
  const image = await folderAfter(SAVES);
  const expected = stateAfter(SAVES);
  const counts = { refused: 0, unused: 0, bits: 0 };
  for (const [name, bytes] of image) {
    for (let bit = 0; bit < 8 * bytes.length; bit += BIT_STEP) {
      const copy = bytes.slice();
      copy[bit >> 3]! ^= 1 << bit % 8;
      const verdict = await verdictOn(replaced(image, name, copy));
      const what = `${name} byte ${bit >> 3} bit ${bit % 8}`;
      if (verdict instanceof StorageError) {
        assertEquals([verdict.kind, verdict.file], ["damaged", name], what);
        assert((verdict.offset ?? -1) <= bit >> 3, `${what}: reported at ${verdict.offset}`);
        counts.refused++;
      } else {
        assert(bit >> 3 >= usedBytes(image, name), `${what} was served`);
        assertEquals(verdict.state, expected, what);
        assertEquals(verdict.trimmed?.file, name, what);
        counts.unused++;
      }
    }
    counts.bits += Math.ceil(8 * bytes.length / BIT_STEP);
  }
  console.log(
    `bit flips: ${counts.bits} bits in ${image.size} files, ${counts.refused} refused, ` +
      `${counts.unused} in the unused end of a segment and cut off, 0 served`,
  );
  assertEquals(counts.refused + counts.unused, counts.bits);
});
