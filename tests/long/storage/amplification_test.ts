/**
 * What a long mix of overwrites and deletes costs: bytes written and kept for each byte that clients
 * wrote and could read. Sizes are a hundredth of the real ones, so the levels are as many as with a
 * store of some gigabytes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { SystemClock } from "../../../raft/mod.ts";
import { SeededRandom } from "../../sim/seeded_random.ts";
import { SimDisk } from "../../sim/sim_disk.ts";
import { Tables } from "../../../kv/tables/tables.ts";

const SMALL = {
  memoryBytes: 160 * 1024,
  tableBytes: 80 * 1024,
  level0Tables: 4,
  level1Bytes: 640 * 1024,
  cacheBytes: 1 << 20,
};
const KEYS = 40_000;
const WRITES = 400_000;
/** As much history as a store keeps that is a hundred times as large. */
const HISTORY = 1500;

/** Time stands still, so that no work rests. */
class StillClock extends SystemClock {
  override now(): number {
    return 0;
  }
}

/** Numbers of a run at one moment. */
interface Cost {
  readonly writeAmplification: number;
  readonly spaceAmplification: number;
  readonly tables: readonly number[];
}

async function mix(share: number): Promise<{ readonly last: Cost; readonly worst: number }> {
  const tables = new Tables({ files: new SimDisk().open(), clock: new StillClock(), ...SMALL });
  await tables.load();
  const random = new SeededRandom(1);
  const live = new Map<string, number>();
  let liveBytes = 0;
  let worst = 0;
  const cost = (): Cost => {
    const { writtenBytes, addedBytes, bytes, tables: levels } = tables.status();
    return {
      writeAmplification: writtenBytes / addedBytes,
      spaceAmplification: bytes / liveBytes,
      tables: levels,
    };
  };
  for (let revision = 1; revision <= WRITES; revision++) {
    // All keys are there once; then half of the writes go to a fifth of the keys.
    const place = revision <= KEYS
      ? revision * 7919 % KEYS
      : random.below(random.next() < 0.5 ? KEYS / 5 : KEYS);
    const key = `key ${String(place).padStart(10, "0")}`;
    const isDeletion = revision > KEYS && random.next() < share;
    const value = isDeletion ? null : new Uint8Array(100).fill(revision);
    const numbers = { revision, version: revision, created: revision, lease: 0, expires: 0 };
    tables.add({ key, ...numbers, value });
    liveBytes -= live.get(key) ?? 0;
    const bytes = value === null ? 0 : key.length + value.length;
    live.set(key, bytes);
    liveBytes += bytes;
    tables.advance({ index: revision, term: 1, times: { steady: 0, wall: 0 } });
    tables.forget(revision - HISTORY, revision - HISTORY);
    while (tables.hasWork) await tables.work(revision);
    if (revision > 4 * KEYS && revision % 2000 === 0) {
      worst = Math.max(worst, cost().spaceAmplification);
    }
  }
  const last = cost();
  // Each level keeps its files apart: a read looks into at most one of each below the first.
  const at = WRITES;
  assertEquals(
    [...tables.scan({ from: "", to: null, at })].length,
    [...live.values()].filter((bytes) => bytes > 0).length,
  );
  tables.close();
  return { last, worst };
}

for (const share of [0, 0.2]) {
  Deno.test(`a mix of overwrites and ${100 * share} % deletes costs less than 12 and 2 times its bytes`, async () => {
    const { last: { writeAmplification, spaceAmplification, tables }, worst } = await mix(share);
    console.log(
      `${100 * share} % deletes: written ${writeAmplification.toFixed(1)}, kept ${
        spaceAmplification.toFixed(2)
      }, at most ${worst.toFixed(2)}, files by level ${tables.join(" ")}`,
    );
    assert(tables.length >= 3, `levels ${tables}`);
    assert(writeAmplification < 12, `written ${writeAmplification}`);
    assert(worst < 2, `kept ${worst}`);
  });
}
