/**
 * Tests of the writes of what peers have promised.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Folder, type Heard, NO_STARTS, StorageError } from "../../raft/mod.ts";
import { HeardFile } from "./heard_file.ts";

const FOLDER: Folder = {
  identity: { cluster: "c", node: 1, clusterId: "", incarnation: "" },
  ...{ founders: null, peer: "", client: "", hasBegun: true, starts: NO_STARTS, heard: [] },
};
const heard = (match: number): readonly Heard[] => [
  { id: 2, incarnation: "a2", start: 1, drawn: 1, run: 1, term: 1, match },
];

/** What is written of what is given, and how it ends; each write does what the list says. */
async function written(
  outcomes: readonly (StorageError | null)[],
  ...matches: readonly number[]
): Promise<{ readonly written: readonly number[]; readonly failures: readonly unknown[] }> {
  const written: number[] = [];
  const failures: unknown[] = [];
  let writing = 0;
  const file = new HeardFile({
    folder: FOLDER,
    write: async ({ heard, identity }) => {
      assertEquals([identity, writing++], [FOLDER.identity, 0], "one write at a time");
      await Promise.resolve();
      writing--;
      const outcome = outcomes[written.push(heard[0]!.match) - 1] ?? null;
      if (outcome !== null) throw outcome;
    },
    failed: (error) => failures.push(error),
  });
  for (const match of matches) file.keep(heard(match));
  await file.close();
  file.keep(heard(99));
  await file.close();
  return { written, failures };
}

Deno.test("HeardFile writes one at a time, and what was given last in any case (D8)", async () => {
  assertEquals(await written([], 1), { written: [1], failures: [] });
  assertEquals(await written([], 1, 2, 3), { written: [1, 3], failures: [] });
});

Deno.test("HeardFile ends the node when it cannot write, unless the disk is full (D3, D5)", async () => {
  const broken = new StorageError("failed", "a broken disk");
  const full = new StorageError("full", "no room");
  assertEquals(await written([broken], 1, 2), { written: [1], failures: [broken] });
  assertEquals(await written([full], 1, 2), { written: [1, 2], failures: [] });
});
