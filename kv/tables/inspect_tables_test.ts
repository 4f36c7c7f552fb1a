/**
 * Tests of the report on a folder of tables.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { SystemClock } from "../../raft/mod.ts";
import { SimDisk } from "../../tests/sim/sim_disk.ts";
import { formatTables, inspectTables } from "./inspect_tables.ts";
import { Tables } from "./tables.ts";

const CLOCK = new SystemClock();

/** Three versions of 300 keys, of which 50 are deleted, in several tables. */
async function filledDisk(): Promise<SimDisk> {
  const disk = new SimDisk();
  const small = { memoryBytes: 30_000, tableBytes: 10_000, level0Tables: 2 };
  const tables = new Tables({ files: disk.open(), clock: CLOCK, ...small });
  await tables.load();
  for (let revision = 1; revision <= 900; revision++) {
    const numbers = { revision, version: Math.ceil(revision / 300), created: revision };
    const value = revision > 850 ? null : new Uint8Array(40);
    tables.add({ key: `k${revision % 300}`, ...numbers, value, lease: 0, expires: 0 });
    tables.advance({ index: revision, term: 2, times: { steady: 0, wall: 0 } });
    while (tables.hasWork) await tables.work(revision);
  }
  await tables.flush(900);
  tables.close();
  return disk;
}

Deno.test("inspectTables reports levels, sizes, keys and versions, and changes nothing", async () => {
  const disk = await filledDisk();
  const image = new Map(disk.image()).set("00009999.table", new Uint8Array(3));
  const inspected = new SimDisk(image);
  const report = await inspectTables(inspected.open(), CLOCK);
  assertEquals([report.verdict, report.problem, report.keys, report.versions], [
    "sound",
    null,
    250,
    900,
  ]);
  assertEquals([report.applied, report.garbage], [{ index: 900, term: 2 }, ["00009999.table"]]);
  assert(report.tables.length > 2 && report.spaceAmplification! > 2);
  assertEquals(report.tables.reduce((sum, { entries }) => sum + entries, 0), 900);
  assertEquals(inspected.image(), image);
  const text = formatTables(report);
  assertMatch(text, /^tables {4}sound, up to 900@2, readable from revision 0 on\n/);
  assertMatch(
    text,
    /\nstate {5}250 keys in 900 versions, \d+ bytes, \d+\.\d\d × the keys and values\n/,
  );
  assertMatch(
    text,
    /\nok {3}0000\d{4}\.table +\d+ {2}level [01]: \d+ versions, revisions \d+ to \d+\n/,
  );
  assertMatch(text, /\ngarbage {3}00009999\.table: a start removes it$/);
});

Deno.test("inspectTables names every damaged table and its keys, and goes on", async () => {
  const image = new Map((await filledDisk()).image());
  const names = [...image.keys()].filter((name) => name.endsWith(".table")).sort();
  const [first, second] = names;
  const bytes = image.get(first!)!.slice();
  bytes[600]! ^= 4;
  image.set(first!, bytes);
  image.delete(second!);
  const report = await inspectTables(new SimDisk(image).open(), CLOCK);
  assertEquals([report.verdict, report.keys], ["refused", null]);
  const problems = new Map(report.tables.map(({ file, problem }) => [file, problem]));
  assertMatch(
    problems.get(first!)!,
    /^a block of a table does not match its checksum, keys from "k\d+" to "k\d+"$/,
  );
  assertEquals(problems.get(second!), "the manifest names a table that is not there");
  assertEquals([...problems.values()].filter((problem) => problem !== null).length, 2);
  assertMatch(formatTables(report), /\nBAD {2}0000\d{4}\.table/);
});

Deno.test("inspectTables refuses a damaged manifest, and finds an empty folder empty", async () => {
  const image = new Map((await filledDisk()).image());
  const manifest = image.get("manifest")!.slice();
  manifest[40]! ^= 1;
  const report = await inspectTables(new SimDisk(image.set("manifest", manifest)).open(), CLOCK);
  assertEquals(report.verdict, "refused");
  assertMatch(report.problem!, /^wanted the checksum/);
  assertEquals((await inspectTables(new SimDisk().open(), CLOCK)).verdict, "empty");
});
