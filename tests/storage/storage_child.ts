/**
 * A process that saves without end, for tests that kill it: `FOLDER STEP`. It loads, prints
 * `loaded DIGEST`, and then prints `saved STEP` after each save. The saves depend only on the state
 * and the step, so a reader of the lines knows what must be on the disk.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { applySave, DenoFiles, FileStorage, type Persistent, type Save } from "../../raft/mod.ts";
import { SeededRandom } from "../sim/mod.ts";
import { describePersistent, randomSave } from "./storage_suite.ts";

/** The save of a step, given the state before. */
export function saveOfStep(state: Persistent, step: number): Save {
  return randomSave(new SeededRandom(step).next, state);
}

/** Two states with the same digest are the same. */
export function digestOf(state: Persistent): string {
  let checksum = crc32(describePersistent(state));
  for (const { data, kind } of state.entries) checksum = crc32(data, crc32(kind, checksum));
  return crc32(state.snapshot?.data ?? "none", checksum).toString(16);
}

async function main([folder, first]: readonly string[]): Promise<void> {
  const say = (line: string): number =>
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const storage = new FileStorage({
    files: new DenoFiles(folder!),
    identity: { cluster: "killed", node: 1 },
    segmentBytesMax: 4000,
    recordBytesMax: 300,
  });
  let state = await storage.load();
  say(`loaded ${digestOf(state)}`);
  for (let step = Number(first);; step++) {
    const save = saveOfStep(state, step);
    await storage.save(save);
    say(`saved ${step}`);
    state = applySave(state, save);
  }
}

if (import.meta.main) await main(Deno.args);
