/**
 * A disk that refuses, at every operation: the storage stops at once with the right kind of error,
 * touches nothing more, and after repair nothing that was acknowledged is gone (D3, D5).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { applySave, EMPTY } from "../../raft/core/save.ts";
import { StorageError, type StorageErrorKind } from "../../raft/storage/storage_error.ts";
import type { Persistent } from "../../raft/core/types.ts";
import { LIFE, smallStorage } from "./file_storage_home.ts";
import { DiskError, type DiskOperation, SimDisk } from "../sim/sim_disk.ts";
import { permittedInSave } from "../sim/sim_home.ts";
import { describePersistent, entriesOf, saveOf } from "./storage_suite.ts";

const KINDS: Readonly<Record<string, StorageErrorKind>> = {
  EIO: "failed",
  EROFS: "failed",
  ENOSPC: "full",
  EDQUOT: "full",
  EMFILE: "full",
};

/** A disk on which the operation with this number fails, once, and which counts what follows. */
function failingDisk(at: number, code: string): {
  readonly disk: SimDisk;
  readonly after: DiskOperation[];
  readonly failed: () => DiskOperation | null;
} {
  const after: DiskOperation[] = [];
  let count = 0;
  let failed: DiskOperation | null = null;
  const disk = new SimDisk(new Map(), {
    fault: (operation) => {
      if (failed !== null) after.push(operation);
      if (count++ !== at) return null;
      failed = operation;
      return new DiskError(code);
    },
  });
  return { disk, after, failed: () => failed };
}

/** Lives until the fault strikes. Returns the states permitted then, or `null` if it never did. */
async function liveUntilFault(at: number, code: string): Promise<SimDisk | null> {
  const { disk, after, failed } = failingDisk(at, code);
  const storage = smallStorage(disk.open());
  let state: Persistent = EMPTY;
  let permitted: Persistent[] = [EMPTY];
  let error: unknown = null;
  try {
    await storage.load();
    for (const save of LIFE) {
      permitted = permittedInSave(state, save);
      await storage.save(save);
      state = applySave(state, save);
    }
  } catch (thrown) {
    error = thrown;
  }
  const operation = failed();
  if (operation === null) return null;
  const what = `${code} at operation ${at}, ${operation.kind} ${operation.name}`;
  assert(error instanceof StorageError, `${what}: ${error}`);
  assertEquals(error.kind, KINDS[code], what);
  if (operation.kind !== "lock" && operation.kind !== "list") {
    await checkFinal(() => storage.save(saveOf({ vote: { term: 99, votedFor: 1 } })), what);
  }
  assertEquals(after, [], `${what}: the storage went on`);
  disk.kill();
  await checkRepaired(disk, permitted, what);
  return disk;
}

/** A storage that failed fails always. */
async function checkFinal(save: () => Promise<void>, what: string): Promise<void> {
  let refused = false;
  try {
    await save();
  } catch {
    refused = true;
  }
  assert(refused, `${what}: a later save was accepted`);
}

/** The next life finds a permitted state, on media too, and can go on. */
async function checkRepaired(
  disk: SimDisk,
  permitted: readonly Persistent[],
  what: string,
): Promise<void> {
  const storage = smallStorage(disk.open());
  const state = await storage.load();
  await storage.close();
  const found = describePersistent(state);
  assert(permitted.map(describePersistent).includes(found), `${what}: found ${found}`);
  disk.cutPowerHard();
  const next = smallStorage(disk.open());
  assertEquals(await next.load(), state, `${what}: it was not durable`);
  const last = state.entries.at(-1) ?? state.snapshot?.last ?? { index: 0 };
  const term = state.term + 1;
  const save = saveOf({
    vote: { term, votedFor: 2 },
    tail: { from: last.index + 1, entries: entriesOf(last.index + 1, 2, term) },
  });
  await next.save(save);
  await next.close();
  disk.cutPowerHard();
  assertEquals(await smallStorage(disk.open()).load(), applySave(state, save), what);
}

for (const code of Object.keys(KINDS)) {
  Deno.test(`FileStorage stops and loses nothing when any operation ends with ${code}`, async () => {
    let at = 0;
    while (await liveUntilFault(at, code) !== null) at++;
    console.log(`${code}: ${at} operations, each failed once`);
    assert(at > 200);
  });
}

Deno.test("FileStorage opens as before when any operation of an opening failed", async () => {
  const first = new SimDisk();
  const storage = smallStorage(first.open());
  await storage.load();
  for (const save of LIFE) await storage.save(save);
  await storage.close();
  const expected = LIFE.reduce(applySave, EMPTY);
  let openings = 0;
  for (const code of Object.keys(KINDS)) {
    for (let at = 0;; at++) {
      let count = 0;
      let failed = false;
      const disk = new SimDisk(first.image(), {
        fault: () => {
          if (count++ !== at) return null;
          failed = true;
          return new DiskError(code);
        },
      });
      const error = await smallStorage(disk.open()).load().then(() => null, (thrown) => thrown);
      if (!failed) break;
      assert(error instanceof StorageError && error.kind === KINDS[code], `${code} at ${at}`);
      disk.kill();
      const next = smallStorage(disk.open());
      assertEquals(await next.load(), expected, `${code} at ${at}`);
      openings++;
    }
  }
  console.log(`openings that failed at one operation: ${openings}`);
});

Deno.test("FileStorage says full each time and keeps the files when it starts on a full disk", async () => {
  let full = false;
  const disk = new SimDisk(new Map(), {
    fault: ({ kind }) => full && kind === "append" ? new DiskError("ENOSPC") : null,
  });
  const storage = smallStorage(disk.open());
  await storage.load();
  for (const save of LIFE) await storage.save(save);
  await storage.close();
  full = true;
  for (let start = 0; start < 3; start++) {
    const next = smallStorage(disk.open());
    let error: unknown;
    await next.load().catch((thrown: unknown) => error = thrown);
    assert(error instanceof StorageError && error.kind === "full", String(error));
  }
  full = false;
  const repaired = smallStorage(disk.open());
  assertEquals(await repaired.load(), LIFE.reduce(applySave, EMPTY));
});
