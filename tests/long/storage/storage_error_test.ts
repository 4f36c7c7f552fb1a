/**
 * A disk that refuses, at every operation: the storage stops at once with the right kind of error,
 * touches nothing more, and after repair nothing that was acknowledged is gone (D3, D5).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { applySave, EMPTY } from "../../../raft/core/model/save.ts";
import {
  StorageError,
  type StorageErrorKind,
  storageErrorOf,
} from "../../../raft/storage/storage_error.ts";
import type { Persistent } from "../../../raft/core/model/types.ts";
import { LIFE, livedDisk, smallStorage } from "../../storage/file_storage_home.ts";
import { DiskError, type DiskOperation, SimDisk } from "../../sim/sim_disk.ts";
import { permittedInSave } from "../../sim/sim_home.ts";
import { describePersistent, entriesOf, saveOf } from "../../storage/storage_suite.ts";

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

/**
 * Whether the storage goes on after this fault: the file is not needed yet, and is written again.
 */
function isSurvived({ kind, name }: DiskOperation, code: string): boolean {
  return KINDS[code] === "full" && name.endsWith(".tmp") &&
    (kind === "create" || kind === "append" || kind === "sync");
}

/** Runs saves until the fault occurs. Returns what happened, or `null` if it did not occur. */
async function liveUntilFault(
  at: number,
  code: string,
): Promise<"stopped" | "survived" | null> {
  const { disk, after, failed } = failingDisk(at, code);
  const told: (StorageErrorKind | "room")[] = [];
  const full = (error: StorageError | null) => void told.push(error?.kind ?? "room");
  const storage = smallStorage(disk.open(), { full });
  let state: Persistent = EMPTY;
  let permitted: Persistent[] = [EMPTY];
  let isOpen = false;
  let error: unknown = null;
  try {
    await storage.load();
    isOpen = true;
    for (const save of LIFE) {
      permitted = permittedInSave(state, save);
      await storage.save(save);
      state = applySave(state, save);
    }
    permitted = [state];
    await settled();
  } catch (thrown) {
    error = thrown;
  }
  const operation = failed();
  if (operation === null) return null;
  const what = `${code} at operation ${at}, ${operation.kind} ${operation.name}`;
  if (isOpen && isSurvived(operation, code)) {
    assertEquals([error, told, storage.hasRoom], [null, ["full", "room"], true], what);
    await storage.close();
  } else {
    // What fails beside the last save is found by the next.
    error ??= await failureOf(() => storage.save(saveOf({ vote: { term: 98, votedFor: 1 } })));
    assert(error instanceof StorageError, `${what}: ${error}`);
    assertEquals(error.kind, KINDS[code], what);
    if (isOpen) {
      const later = await failureOf(() =>
        storage.save(saveOf({ vote: { term: 99, votedFor: 1 } }))
      );
      assertEquals(later, error, `${what}: a later save was accepted`);
    }
    // A segment is made beside the saves: one call may have begun before the other's failure is known.
    const wrong = after.slice(isOpen || isSurvived(operation, code) ? 1 : 0);
    assertEquals(wrong, [], `${what}: the storage went on`);
  }
  disk.kill();
  await checkRepaired(disk, permitted, what);
  return isOpen && isSurvived(operation, code) ? "survived" : "stopped";
}

/** After what is made ahead, which needs no timers here but a pause. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

async function failureOf(step: () => Promise<unknown>): Promise<unknown> {
  try {
    await step();
    return null;
  } catch (error) {
    return error;
  }
}

/** The next start finds a permitted state, on media too, and can go on. */
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

for (const [code, kind] of Object.entries(KINDS)) {
  const does = kind === "full" ? "stops or goes on" : "stops";
  Deno.test(`FileStorage ${does} and loses nothing when any operation ends with ${code}`, async () => {
    const counts = { stopped: 0, survived: 0 };
    for (let at = 0;; at++) {
      const end = await liveUntilFault(at, code);
      if (end === null) break;
      counts[end]++;
    }
    const { stopped, survived } = counts;
    console.log(
      `${code}: ${stopped + survived} operations, ${stopped} final, ${survived} survived`,
    );
    assert(stopped + survived > 200);
    assertEquals(survived > 100, kind === "full");
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
      // A fault of that moment belongs to the start that was opened.
      if (!failed || error === null) break;
      assert(error instanceof StorageError && error.kind === KINDS[code], `${code} at ${at}`);
      disk.kill();
      const next = smallStorage(disk.open());
      assertEquals(await next.load(), expected, `${code} at ${at}`);
      openings++;
    }
  }
  console.log(`openings that failed at one operation: ${openings}`);
});

Deno.test("FileStorage opens on a full disk again and again while its own room is left to it", async () => {
  const disk = await livedDisk();
  disk.capacityBytes = disk.usedBytes + 128; // a vote file
  for (let start = 0; start < 5; start++) {
    const storage = smallStorage(disk.open());
    assertEquals(await storage.load(), LIFE.reduce(applySave, EMPTY));
    await settled();
    assertEquals(storage.hasRoom, true);
    await storage.close();
  }
});

Deno.test("FileStorage says full and changes nothing when others take the room of its next segment", async () => {
  const disk = await livedDisk();
  const expected = LIFE.reduce(applySave, EMPTY);
  disk.capacityBytes = 0;
  const first = smallStorage(disk.open());
  assertEquals(await first.load(), expected);
  await settled();
  assertEquals(first.hasRoom, false);
  await first.close();
  const before = disk.image();
  for (let start = 0; start < 3; start++) {
    const error = await failureOf(() => smallStorage(disk.open()).load());
    assert(error instanceof StorageError && error.kind === "full", String(error));
    assertEquals(disk.image(), before);
  }
  disk.capacityBytes = Infinity;
  const repaired = smallStorage(disk.open());
  assertEquals(await repaired.load(), expected);
  await repaired.close();
});

Deno.test("StorageError names the problem, the place and the remedy", () => {
  const error = new StorageError("damaged", "a record does not match its checksum", {
    file: "log-0000000001",
    offset: 96,
  });
  assert(error.message.startsWith(
    "Cannot use the storage: a record does not match its checksum (log-0000000001 at byte 96). Keep a copy",
  ));
  assertEquals([error.kind, error.file, error.offset], ["damaged", "log-0000000001", 96]);
  assertEquals(new StorageError("locked", "taken").file, null);
});

Deno.test("storageErrorOf distinguishes a full disk from a broken one and keeps the cause", () => {
  const coded = (code: string): Error => Object.assign(new Error("no"), { code });
  const kinds = ["ENOSPC", "EDQUOT", "EMFILE", "EIO", "EROFS"].map((code) =>
    storageErrorOf(coded(code)).kind
  );
  assertEquals(kinds, ["full", "full", "full", "failed", "failed"]);
  const known = new StorageError("locked", "taken");
  assertEquals(storageErrorOf(known), known);
  const cause = new Error("what");
  assertEquals([storageErrorOf(cause).cause, storageErrorOf("what").problem], [cause, "what"]);
});
