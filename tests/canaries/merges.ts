/**
 * Bugs of merges of tables, of what reads find in their levels, of readers of images, of older versions,
 * and of the pressure that slows entries down.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const MODEL = "kv/tables/tables_test.ts";
const WORK = "kv/tables/work.ts";
const LEVELS = "kv/tables/merges/levels.ts";
const TABLE_FILES = "kv/tables/folder/table_files.ts";
const HISTORY = "tests/storage/durable_history_test.ts";
const IMAGE_TESTS = "kv/tables/table_images_test.ts";
const PRESSURE = "kv/tables/merges/pressure_test.ts";
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
    file: LEVELS,
    find: "if (tables[middle]!.summary.largest < key) low = middle + 1;",
    replace: "if (tables[middle]!.summary.smallest < key) low = middle + 1;",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T8",
    bug: "a scan leaves out the table that its first key lies in",
    file: LEVELS,
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
  {
    rule: "T4",
    bug: "a flush leaves out versions that can be read",
    file: WORK,
    find: "const keep = versions.keep(() => true);",
    replace: "const keep = { ...versions.keep(() => true), horizon: frozen.applied.index };",
    caughtBy: [MODEL],
  },
  {
    rule: "T4",
    bug: "after a restart revisions are read that a merge has left out",
    file: TABLE_FILES,
    find: "const horizon = Math.min(oldest(), applied.index);",
    replace: "const horizon = 0 * oldest();",
    caughtBy: [MODEL],
  },
  {
    rule: "T4",
    bug: "after a restart what was written before cannot be read as it was",
    file: TABLE_FILES,
    find: "const horizon = Math.min(oldest(), applied.index);",
    replace: "const horizon = Math.max(oldest(), applied.index);",
    caughtBy: [HISTORY],
  },
  {
    rule: "T4",
    bug: "after a restart the first write ends the history",
    file: "kv/store/store.ts",
    find: "this.#history.begunWith(this.#state.marks)",
    replace: "this.#history.begunWith([])",
    caughtBy: [HISTORY],
  },
  {
    rule: "T4",
    bug: "after a restart the history is not bounded any more",
    file: "kv/store/history.ts",
    find: "    this.#total += bytes;\n",
    replace: "",
    caughtBy: ["kv/store/history_test.ts", HISTORY],
  },
  {
    rule: "T4",
    bug: "the history counts twice what is applied again after a restart",
    file: "kv/store/history.ts",
    find: "(revision) => revision <= upTo",
    replace: "(revision) => revision <= Infinity",
    caughtBy: ["kv/store/history_test.ts"],
  },
  {
    rule: "T4",
    bug: "a mark forgets the time of the revisions that it stands for",
    file: "kv/store/history.ts",
    find: "at: this.#times[to - 1]!",
    replace: "at: 0 * to",
    caughtBy: ["kv/store/history_test.ts"],
  },
  {
    rule: "X8",
    bug: "entries stop at full pressure instead of waiting longer and longer",
    file: "kv/tables/merges/pressure.ts",
    find: "if (this.#owedMs < REST_MS_MIN) return;",
    replace: "if (this.#owedMs >= 0) return;",
    caughtBy: [PRESSURE],
  },
  {
    rule: "X8",
    bug: "bytes above the limits of the levels slow nothing down",
    file: LEVELS,
    find: "return Math.max(0, sizeOf(tables) - limit) /",
    replace: "return Math.min(0, sizeOf(tables) - limit) /",
    caughtBy: [PRESSURE],
  },
  {
    rule: "X8",
    bug: "a rest never ends",
    file: "kv/tables/merges/pressure.ts",
    find: "      this.#isOn = false;\n",
    replace: "",
    caughtBy: [PRESSURE, IMAGE_TESTS],
  },
];
