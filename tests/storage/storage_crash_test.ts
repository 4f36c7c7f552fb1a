/**
 * Tests of crashes after every file-system operation of a storage, with every subset of unsynced
 * changes (sampled if there are more than a few hundred): recovery loads a permitted state, and
 * loads it again when the recovery itself is interrupted (D1, D2, D9).
 *
 * @module
 */

import { assert, assertEquals, AssertionError } from "@std/assert";
import { applySave, EMPTY } from "../../raft/core/model/save.ts";
import type { Files } from "../../raft/core/model/ports.ts";
import type { Persistent, Save } from "../../raft/core/model/types.ts";
import { LIFE, smallStorage } from "./file_storage_home.ts";
import { SeededRandom } from "../sim/seeded_random.ts";
import { type DiskImage, type DiskOperation, SimDisk } from "../sim/sim_disk.ts";
import { permittedInSave } from "../sim/sim_home.ts";
import { describePersistent, randomSaves, saveOf } from "./storage_suite.ts";

/** Number of random runs: `deno test -A tests/storage/storage_crash_test.ts -- 100`; default 2. */
const LIVES = Number(Deno.args[0] ?? 2);
/** The share of crash points at which the recovery is interrupted, too. */
const CUT_AGAIN = Deno.args[0] === undefined ? 0.05 : 1;

/** Above this number of images of one crash point, a sample is taken. */
const IMAGES_MAX = 256;

/** A crash point. */
interface Moment {
  readonly what: string;
  readonly images: readonly DiskImage[];
  /** The whole disk, for a process that is killed while the system runs on. */
  readonly disk: SimDisk;
  readonly permitted: readonly Persistent[];
}

/** Runs the saves and records a crash point after each operation that changes the disk. */
async function momentsOf(
  saves: readonly Save[],
  start: { readonly image?: DiskImage; readonly state?: Persistent } = {},
): Promise<Moment[]> {
  const random = new SeededRandom(7).next;
  const moments: Moment[] = [];
  let state = start.state ?? EMPTY;
  let permitted: readonly Persistent[] = [state];
  let step = "load";
  const note = (operation: DiskOperation): void => {
    const what = `${step}, after ${operation.kind} ${operation.name}`;
    const images = disk.imagesAfterPowerCut(random, IMAGES_MAX);
    moments.push({ what, images, disk: disk.clone(), permitted });
  };
  const disk: SimDisk = new SimDisk(start.image, { changed: note });
  const storage = smallStorage(disk.open());
  await storage.load();
  for (const [i, save] of saves.entries()) {
    step = `save ${i}`;
    permitted = permittedInSave(state, save);
    // Two thirds of the snapshots are prepared before the previous save, the others with their own.
    const ahead = i % 3 > 0 ? saves[i + 1]?.snapshot : null;
    const beside = i % 3 === 1 ? save.snapshot : null;
    const prepared = ahead ?? beside;
    const written = prepared ? storage.prepare(prepared) : null;
    await storage.save(save);
    await written;
    state = applySave(state, save);
    permitted = [state];
    note({ kind: "sync", name: "all: the save resolved" });
  }
  await storage.close();
  return moments;
}

async function loaded(files: Files): Promise<Persistent> {
  const storage = smallStorage(files);
  const state = await storage.load();
  await storage.close();
  return state;
}

function assertPermitted(actual: Persistent, moment: Moment): void {
  const wanted = moment.permitted.map(describePersistent);
  const isPermitted = wanted.includes(describePersistent(actual));
  assert(
    isPermitted,
    `${moment.what}: ${describePersistent(actual)}\nis none of\n${wanted.join("\n")}`,
  );
  const same = moment.permitted[wanted.indexOf(describePersistent(actual))];
  assertEquals(actual, same!, moment.what);
}

/** Recovers from each image, and then from the hardest power cut right after the recovery. */
async function checkMoment(moment: Moment): Promise<number> {
  let cases = 0;
  for (const image of moment.images) {
    const disk = new SimDisk(image);
    const state = await loadedOr(disk, moment.what);
    assertPermitted(state, moment);
    disk.cutPowerHard();
    assertEquals(await loadedOr(disk, `${moment.what}, recovered, power cut`), state, moment.what);
    cases++;
  }
  const killed = moment.disk;
  killed.kill();
  const state = await loadedOr(killed, `${moment.what}, killed`);
  assertPermitted(state, moment);
  killed.cutPowerHard();
  const what = `${moment.what}, killed, recovered, power cut`;
  assertEquals(describePersistent(await loadedOr(killed, what)), describePersistent(state), what);
  return cases + 1;
}

async function loadedOr(disk: SimDisk, what: string): Promise<Persistent> {
  try {
    return await loaded(disk.open());
  } catch (error) {
    throw new AssertionError(`${what}: ${error}`, { cause: error });
  }
}

async function checkLife(saves: readonly Save[]): Promise<{ moments: Moment[]; cases: number }> {
  const moments = await momentsOf(saves);
  let cases = 0;
  for (const moment of moments) cases += await checkMoment(moment);
  return { moments, cases };
}

Deno.test("FileStorage recovers a permitted state after a crash at any operation", async () => {
  const { moments, cases } = await checkLife(LIFE);
  console.log(`crash matrix: ${moments.length} moments, ${cases} cases`);
  assert(cases > 2000, "the matrix has shrunk");
});

Deno.test("FileStorage recovers a permitted state after crashes of random runs", async () => {
  let moments = 0;
  let cases = 0;
  for (let seed = 1; seed <= LIVES; seed++) {
    const checked = await checkLife(randomSaves(new SeededRandom(seed).next, 12));
    moments += checked.moments.length;
    cases += checked.cases;
  }
  console.log(`crash matrix, random lives: ${moments} moments, ${cases} cases`);
});

Deno.test("FileStorage recovers the same state when its recovery is interrupted anywhere", async () => {
  const random = new SeededRandom(11).next;
  let cases = 0;
  for (const moment of await momentsOf(LIFE)) {
    if (random() >= CUT_AGAIN) continue;
    const image = moment.images[Math.floor(random() * moment.images.length)]!;
    const state = await loadedOr(new SimDisk(image), moment.what);
    for (const second of await momentsOf([saveOf({})], { image, state })) {
      const some = second.images.filter(() => random() < 8 / second.images.length);
      cases += await checkMoment({
        ...second,
        what: `${moment.what}; then ${second.what}`,
        images: some,
      });
    }
  }
  console.log(`crash matrix, crashes in the recovery: ${cases} cases`);
});
