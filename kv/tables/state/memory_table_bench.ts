/**
 * What decided how the newest writes are kept: a `Map` that is sorted when order is needed, against
 * keys that are kept in order at every write.
 *
 * @module
 */

import type { Entry } from "../files/entry.ts";
import { MemoryTable } from "./memory_table.ts";
import { lowerBound } from "./sorted_keys.ts";

const COUNT = 50_000;
const VALUE = new Uint8Array(100);
const KEYS = Array.from(
  { length: COUNT },
  (_, place) => `key ${String(place * 2_654_435_761 % 1_000_003).padStart(10, "0")}`,
);

function entry(place: number): Entry {
  return {
    key: KEYS[place]!,
    revision: place + 1,
    version: 1,
    created: 1,
    value: VALUE,
    lease: 0,
    expires: 0,
  };
}

Deno.bench("50,000 new keys into a Map, sorted once", { group: "memory", baseline: true }, () => {
  const table = new MemoryTable();
  for (let place = 0; place < COUNT; place++) table.add(entry(place));
  let count = 0;
  for (const _entry of table.entries("")) count++;
  if (count !== COUNT) throw new Error(`Cannot trust the benchmark: got ${count} entries`);
});

Deno.bench("50,000 new keys into sorted runs of at most 512", { group: "memory" }, () => {
  const runs: Entry[][] = [[]];
  for (let place = 0; place < COUNT; place++) {
    const added = entry(place);
    let at = lowerBound(runs, (run) => run.length === 0 || run[0]!.key <= added.key) - 1;
    if (at < 0) at = 0;
    const run = runs[at]!;
    run.splice(lowerBound(run, ({ key }) => key < added.key), 0, added);
    if (run.length > 512) runs.splice(at + 1, 0, run.splice(256));
  }
  const count = runs.reduce((sum, run) => sum + run.length, 0);
  if (count !== COUNT) throw new Error(`Cannot trust the benchmark: got ${count} entries`);
});
