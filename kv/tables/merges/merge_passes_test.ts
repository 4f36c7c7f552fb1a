/**
 * Tests of merges as bytes against merges of entries.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../../../tests/sim/seeded_random.ts";
import { SimDisk } from "../../../tests/sim/sim_disk.ts";
import { SystemClock } from "../../../raft/mod.ts";
import { BlockCache, type Entry, Pass, type Table } from "../files/mod.ts";
import { writeTables } from "../folder/write_tables.ts";
import { kept, merged } from "./merge.ts";
import { MergedPasses } from "./merge_passes.ts";

let number = 0;

function write(
  disk: SimDisk,
  entries: Iterable<Entry> | MergedPasses,
  tableBytes: number,
): Promise<readonly Table[]> {
  return writeTables(entries, {
    ...{ files: disk.open(), clock: new SystemClock(), cache: new BlockCache(1), tableBytes },
    takeNumber: () => ++number,
  });
}

/** Versions of some keys in order, some of them in blocks of their own, some equal in several runs. */
function someEntries(random: SeededRandom): Entry[] {
  const entries: Entry[] = [];
  for (let key = 0; key < 60; key++) {
    for (let revision = 90; revision > 0; revision -= 1 + random.below(60)) {
      if (random.next() < 0.4) continue;
      const length = random.next() < 0.02 ? 70_000 : random.below(300);
      const value = random.next() < 0.2 ? null : new Uint8Array(length).fill(revision);
      const text = `k${String(key).padStart(3, "0")}${"x".repeat(key % 7 === 0 ? key : 0)}`;
      const rest = { version: revision, created: 1, lease: revision % 3, expires: revision % 2 };
      entries.push({ key: text, revision, value, ...rest });
    }
  }
  return entries.sort((one, other) =>
    one.key < other.key ? -1 : one.key > other.key ? 1 : other.revision - one.revision
  );
}

Deno.test("a merge as bytes leaves what a merge of entries leaves", async () => {
  let left = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const disk = new SimDisk();
    const all = someEntries(random);
    const runs = [0, 1, 2, 3].map(() => all.filter(() => random.next() < 0.5))
      .filter((run) => run.length > 0);
    const tables: (readonly Table[])[] = [];
    for (const run of runs) tables.push(await write(disk, run, seed % 2 === 0 ? 3000 : Infinity));
    const keep = {
      horizon: random.below(100),
      held: [random.below(100), random.below(100)],
      deletions: random.below(100),
      hasOlder: (key: string) => key.endsWith("3"),
    };
    const wanted = [...kept(merged(runs.map((run) => run[Symbol.iterator]())), keep)];
    left += wanted.length;
    const passes = tables.map((run) => new Pass(run));
    const outputs = await write(disk, new MergedPasses(passes, keep), 20_000);
    assertEquals(outputs.flatMap((table) => [...table.entries("")]), wanted, `seed ${seed}`);
    for (const { summary } of outputs) {
      const inside = wanted.filter(({ key }) => key >= summary.smallest && key <= summary.largest);
      assertEquals(summary.entries, inside.length);
      assertEquals(summary.deletions, inside.filter(({ value }) => value === null).length);
      const revisions = inside.map(({ revision }) => revision);
      assertEquals(summary.firstRevision, Math.min(...revisions));
      assertEquals(summary.lastRevision, Math.max(...revisions));
    }
  }
  assertGreater(left, 1000);
});
