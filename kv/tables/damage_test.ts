/**
 * Damage behind the back of tables: flipped bits, writes that were lost or landed in another place,
 * lost and exchanged files, and errors of every operation. Nothing wrong is served: what is refused
 * says which file, and a damaged block which keys (T6).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { StorageError, storageErrorOf, SystemClock } from "../../raft/mod.ts";
import {
  DiskError,
  type DiskImage,
  type DiskOperation,
  SimDisk,
} from "../../tests/sim/sim_disk.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { replaced } from "../../tests/storage/file_storage_home.ts";
import { BLOCK_BYTES, BlockBuilder } from "./files/block.ts";
import type { Entry } from "./files/entry.ts";
import { HEAD } from "./files/table_format.ts";
import { Tables } from "./tables.ts";

const SMALL = { memoryBytes: 4000, tableBytes: 3000, level0Tables: 3, level1Bytes: 8000 };
const LAST = 300;
const ALL = { from: "", to: null, at: LAST };

/** The writes of the log: some keys are written again, some are deleted. */
function entryAt(revision: number): Entry {
  const random = new SeededRandom(revision);
  const key = `k${String(random.below(150)).padStart(3, "0")}`;
  const value = random.next() < 0.1 ? null : new Uint8Array(random.below(120)).fill(revision);
  return { key, revision, version: revision, created: revision, value, lease: 0, expires: 0 };
}

const LOG = Array.from({ length: LAST }, (_, place) => entryAt(place + 1));

/** The newest entry of each key up to a revision that is not a deletion, in the order of keys. */
function wantedAt(revision: number): Entry[] {
  const newest = new Map(LOG.slice(0, revision).map((entry) => [entry.key, entry]));
  return [...newest.values()].filter(({ value }) => value !== null)
    .sort((one, other) => one.key < other.key ? -1 : 1);
}

const WANTED = wantedAt(LAST);

/** Applies the writes behind what the tables hold, with the work in the background. */
async function replay(tables: Tables, to = LAST): Promise<void> {
  for (let index = tables.position.index + 1; index <= to; index++) {
    tables.add(LOG[index - 1]!);
    tables.advance({ index, term: 1, times: { steady: 0, wall: 0 } });
    tables.forget(index, 0);
    while (tables.hasWork) await tables.work(index);
  }
}

/** Time stands still, so that no work rests. */
class StillClock extends SystemClock {
  override now(): number {
    return 0;
  }
}

async function open(disk: SimDisk): Promise<Tables> {
  const tables = new Tables({ files: disk.open(), clock: new StillClock(), ...SMALL });
  await tables.load();
  return tables;
}

/** The folder after all writes, or after those up to a revision. */
async function folder(to = LAST): Promise<DiskImage> {
  const disk = new SimDisk();
  const tables = await open(disk);
  await replay(tables, to);
  await tables.flush(to);
  tables.close();
  return disk.image();
}

/** Every entry that the folder and the log serve, by a scan and by reads; or why it is refused. */
async function verdictOn(image: DiskImage): Promise<StorageError | "right"> {
  let tables: Tables | null = null;
  try {
    tables = await open(new SimDisk(image));
    await replay(tables);
    assertEquals([...tables.scan(ALL)], WANTED);
    for (const entry of WANTED) assertEquals(tables.get(entry.key), entry);
    return "right";
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  } finally {
    tables?.close();
  }
}

async function assertRefused(image: DiskImage, name: string, what: string): Promise<void> {
  const verdict = await verdictOn(image);
  assert(verdict !== "right", `${what} was served`);
  // Only the number of the manifest's format may be wrong in a way that makes sense.
  const kind = what === FORMAT_BYTE && verdict.kind !== "damaged" ? "newer" : "damaged";
  assertEquals([verdict.kind, verdict.file], [kind, name], what);
}

/** Where the manifest names its format. */
const FORMAT_BYTE = `manifest, byte ${"kontiki manifest ".length}`;

Deno.test("tables refuse a folder with any byte changed, lost or too many, and name the file", async () => {
  const image = await folder();
  assertEquals(await verdictOn(image), "right");
  const random = new SeededRandom(1);
  let cases = 0;
  for (const [name, bytes] of image) {
    for (let place = 0; place < bytes.length; place++) {
      // The last byte of the manifest is the end of a line, which says nothing.
      if (name === "manifest" && place === bytes.length - 1) continue;
      const flipped = bytes.slice();
      flipped[place]! ^= 1 << random.below(8);
      await assertRefused(replaced(image, name, flipped), name, `${name}, byte ${place}`);
      cases++;
    }
    for (let length = 0; length < bytes.length - 1; length += 1 + random.below(20)) {
      await assertRefused(replaced(image, name, bytes.slice(0, length)), name, `${length} bytes`);
      cases++;
    }
    if (name !== "manifest") await assertRefused(replaced(image, name, null), name, `no ${name}`);
  }
  console.log(`tables: ${cases} flips and cuts of ${image.size} files, all refused`);
  assert(image.size > 4 && cases > 10_000, `${image.size} files, ${cases} cases`);
});

Deno.test("tables refuse blocks and files in another place, whose own bytes are right", async () => {
  const image = await folder();
  const names = [...image.keys()].filter((name) => name.endsWith(".table"));
  const random = new SeededRandom(2);
  let [cases, refused] = [0, 0];
  for (const to of names) {
    for (const from of names) {
      if (from === to) continue;
      await assertRefused(replaced(image, to, image.get(from)!), to, `${from} as ${to}`);
      cases++;
    }
  }
  for (let round = 0; round < 1500; round++) {
    const from = image.get(random.pick(names))!;
    const name = random.pick(names);
    const target = image.get(name)!.slice();
    const start = 8 * random.below(from.length / 8);
    const piece = from.subarray(start, start + 512 * (1 + random.below(4)));
    const at = random.next() < 0.5 ? Math.min(start, target.length) : random.below(target.length);
    target.set(piece.subarray(0, target.length - at), at);
    const isSame = target.every((byte, place) => byte === image.get(name)![place]);
    const verdict = await verdictOn(replaced(image, name, target));
    if (!isSame) assert(verdict !== "right", `${start} at ${name}+${at} was served`);
    if (!isSame) refused++;
    cases++;
  }
  console.log(`tables: ${cases} misplaced writes, ${refused} changed something, all refused`);
  assert(refused > 1000, `${refused} of ${cases}`);
});

Deno.test("tables refuse blocks that changed places within their table", async () => {
  const disk = new SimDisk();
  const tables = await open(disk);
  // Entries of one size make blocks of one size, which could stand in for each other.
  const block = new BlockBuilder();
  let length = 0;
  for (let index = 1; index <= 60; index++) {
    const key = `k${String(index).padStart(3, "0")}`;
    const numbers = { revision: index, version: 1, created: index, lease: 0, expires: 0 };
    const entry = { key, ...numbers, value: new Uint8Array(500).fill(index) };
    if (length === 0 && block.size >= BLOCK_BYTES) length = block.take().length;
    block.add(entry);
    tables.add(entry);
    tables.advance({ index, term: 1, times: { steady: 0, wall: 0 } });
  }
  await tables.flush(60);
  tables.close();
  const [name] = [...disk.image().keys()].filter((file) => file.endsWith(".table"));
  const bytes = disk.image().get(name!)!;
  const blockAt = (place: number): Uint8Array =>
    bytes.subarray(HEAD.length + place * length, HEAD.length + (place + 1) * length);
  let cases = 0;
  for (let one = 0; one < 6; one++) {
    for (let other = one + 1; other < 6; other++) {
      const changed = bytes.slice();
      changed.set(blockAt(one), HEAD.length + other * length);
      changed.set(blockAt(other), HEAD.length + one * length);
      await assertRefusedScan(replaced(disk.image(), name!, changed), name!);
      cases++;
    }
  }
  assertEquals(cases, 15);
});

async function assertRefusedScan(image: DiskImage, name: string): Promise<void> {
  const tables = await open(new SimDisk(image));
  try {
    const found = [...tables.scan({ from: "", to: null, at: 60 })];
    throw new Error(`${found.length} entries of exchanged blocks were served`);
  } catch (error) {
    assert(error instanceof StorageError, String(error));
    assertEquals([error.kind, error.file], ["damaged", name]);
    assert(error.problem.includes("keys from"), error.problem);
  } finally {
    tables.close();
  }
}

Deno.test("tables refuse what an earlier life of the folder left under the same name", async () => {
  // A disk that lost the last rename of a table, and said that it was durable.
  const image = await folder();
  const earlier = new SimDisk();
  const tables = await open(earlier);
  for (let index = 1; index <= LAST; index++) {
    const { value } = LOG[index - 1]!;
    const entry = { ...LOG[index - 1]!, value: value && new Uint8Array(value.length) };
    tables.add(entry);
    tables.advance({ index, term: 1, times: { steady: 0, wall: 0 } });
    tables.forget(index, 0);
    while (tables.hasWork) await tables.work(index);
  }
  await tables.flush(LAST);
  tables.close();
  let cases = 0;
  for (const [name, bytes] of earlier.image()) {
    if (!name.endsWith(".table") || !image.has(name)) continue;
    await assertRefused(replaced(image, name, bytes), name, `an earlier ${name}`);
    cases++;
  }
  assert(cases > 0, "no table has the name of an earlier one");
});

Deno.test("an older manifest is served with the log behind it, or refused for want of a table", async () => {
  const image = await folder();
  let [right, refused] = [0, 0];
  for (let to = 0; to < LAST; to += 10) {
    const older = (await folder(to)).get("manifest") ?? null;
    const verdict = await verdictOn(replaced(image, "manifest", older));
    if (verdict === "right") right++;
    else refused++;
    if (verdict !== "right") assertEquals(verdict.kind, "damaged");
  }
  console.log(`tables: ${right} older manifests were served rightly, ${refused} refused`);
  assert(refused > 10 && right > 0);
});

/** Runs the writes while one operation fails; returns the disk, and whether it came to that. */
async function withFault(
  number: number,
  code: "EIO" | "ENOSPC",
): Promise<{ readonly disk: SimDisk; readonly failed: DiskOperation | null }> {
  let operations = 0;
  let failed: DiskOperation | null = null;
  const fault = (operation: DiskOperation): DiskError | null => {
    if (operations++ !== number) return null;
    failed = operation;
    return new DiskError(code);
  };
  const disk = new SimDisk(new Map(), { fault });
  try {
    const tables = await open(disk);
    try {
      await replay(tables);
    } catch (error) {
      const { kind } = storageErrorOf(error);
      assertEquals(kind, code === "EIO" ? "failed" : "full", `operation ${number}`);
      // What fails for want of room has changed nothing, and the work goes on.
      if (code === "ENOSPC") await replay(tables);
    }
    await tables.flush(LAST);
    const found = [...tables.scan(ALL)];
    if (tables.position.index === LAST) assertEquals(found, WANTED, `operation ${number}`);
    tables.close();
  } catch (error) {
    assert(storageErrorOf(error) instanceof StorageError, String(error));
  }
  return { disk, failed };
}

Deno.test("tables lose nothing that their manifest names when any operation fails", async () => {
  const random = new SeededRandom(3);
  const counts = new Map<string, number>();
  for (const code of ["EIO", "ENOSPC"] as const) {
    for (let number = 0;; number++) {
      const { disk, failed } = await withFault(number, code);
      if (failed === null) break;
      const kind = `${code} ${failed.kind}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      // The process ends, or the power does: the log behind the manifest brings the rest.
      const what = `${code} at operation ${number}, ${failed.kind} ${failed.name}`;
      disk.kill();
      assertEquals(await verdictOn(disk.image()), "right", what);
      const image = disk.imageAfterPowerCut(random.next);
      assertEquals(await verdictOn(image), "right", `${what}, and a power cut`);
    }
  }
  const text = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  console.log(`tables: each operation failed once: ${text}`);
  assert(counts.size >= 14, text);
});
