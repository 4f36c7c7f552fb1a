/**
 * Tests of the levels of a folder and their manifest.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SimDisk } from "../../../tests/sim/sim_disk.ts";
import { SystemClock } from "../../../raft/mod.ts";
import { DEFAULTS } from "./options.ts";
import { TableFiles } from "./table_files.ts";

Deno.test("two changes of the levels at a time both count, also after a restart (T2)", async () => {
  const disk = new SimDisk();
  const open = async (): Promise<TableFiles> => {
    const files = new TableFiles({ ...DEFAULTS, files: disk.open(), clock: new SystemClock() });
    await files.load();
    return files;
  };
  const files = await open();
  const write = async (key: string, revision: number) => {
    const numbers = { revision, version: 1, created: revision, lease: 0, expires: 0 };
    const entries = [{ key, ...numbers, value: new Uint8Array(3) }];
    const [table] = await files.write(entries, files.writeOptions(Infinity));
    return table!;
  };
  const tables = [await write("a", 1), await write("b", 2)];
  const applied = { index: 2, term: 1, times: { steady: 0, wall: 0 } };
  const done = await Promise.allSettled(
    tables.map((table) =>
      files.install(([newest = [], ...others]) => [[table, ...newest], ...others], {
        held: { applied, deletions: 0 },
        oldest: () => 0,
      })
    ),
  );
  assertEquals(done.map(({ status }) => status), ["fulfilled", "fulfilled"]);
  const numbers = (each: TableFiles) => each.levels.flat().map(({ number }) => number);
  assertEquals(numbers(files), [2, 1]);
  files.close();
  const again = await open();
  assertEquals(numbers(again), [2, 1]);
  again.close();
});
