/**
 * Bugs of merges of tables, of what reads find in their levels, and of readers of images.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const MODEL = "kv/tables/tables_test.ts";
const UNITS =
  "kv/tables/merges/merge_test.ts kv/tables/merges/levels_test.ts kv/tables/files/table_test.ts";

/** Bugs by rule, planted one at a time. */
export const mergeCanaries: readonly Canary[] = [
  {
    rule: "T5",
    bug: "a merge takes two versions of neighbouring keys for versions of one",
    file: "kv/tables/merges/merge_passes.ts",
    find: "const isSameKey = last.keyEnd > 0 && last.compareKey(entry) === 0;",
    replace: "const isSameKey = last.keyEnd > 0 && last.revision > entry.revision;",
    caughtBy: ["kv/tables/merges/merge_passes_test.ts"],
  },
  {
    rule: "T6",
    bug: "a merge believes a block without its checksum",
    file: "kv/tables/files/table.ts",
    find: "      this.#verify(place + block, bytes.subarray(at, at + next));\n",
    replace: "",
    caughtBy: ["kv/tables/files/pass_test.ts"],
  },
  {
    rule: "T7",
    bug: "a read looks into the wrong table of a level",
    file: "kv/tables/merges/levels.ts",
    find: "if (tables[middle]!.summary.largest < key) low = middle + 1;",
    replace: "if (tables[middle]!.summary.smallest < key) low = middle + 1;",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T8",
    bug: "a scan leaves out the table that its first key lies in",
    file: "kv/tables/merges/levels.ts",
    find: "largest >= from && (to === null || smallest < to)",
    replace: "smallest >= from && (to === null || smallest < to)",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T9",
    bug: "a reader of an image gives up the one that holds its revision",
    file: "kv/tables/image_reader.ts",
    find: "    if (!this.#tables.canStream(moment)) return null;\n    const pieces",
    replace: "    const pieces",
    caughtBy: ["kv/tables/table_images_test.ts"],
  },
];
