/**
 * Bugs of the tables: rules T1 to T9, which `docs/rules.md` explains.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const TABLES = "kv/tables/tables.ts";
const MERGE = "kv/tables/merges/merge.ts";
const TABLE = "kv/tables/files/table.ts";
const LEVELS = "kv/tables/merges/levels.ts";

const MODEL = "kv/tables/tables_test.ts";
const STREAM = "kv/tables/stream_test.ts";
const UNITS =
  "kv/tables/merges/merge_test.ts kv/tables/merges/levels_test.ts kv/tables/files/table_test.ts";

/** Bugs by rule, planted one at a time. */
export const tableCanaries: readonly Canary[] = [
  {
    rule: "T1",
    bug: "a table is written before the log has its entries durable",
    file: TABLES,
    find: "this.#frozen !== null && this.#frozen.applied.index <= durable",
    replace: "this.#frozen !== null && durable >= 0",
    caughtBy: [MODEL],
  },
  {
    rule: "T1",
    bug: "the manifest claims what is still only in memory",
    file: TABLES,
    find: "await this.#install([[...outputs, ...newest], ...others], frozen);",
    replace:
      "await this.#install([[...outputs, ...newest], ...others], { ...frozen, applied: this.#position });",
    caughtBy: [MODEL],
  },
  {
    rule: "T2",
    bug: "the manifest gets its name before the tables have theirs durable",
    file: "kv/tables/files/manifest.ts",
    find: `  await files.syncFolder();
  await files.rename(UNFINISHED, MANIFEST);`,
    replace: "  await files.rename(UNFINISHED, MANIFEST);",
    caughtBy: [MODEL],
  },
  {
    rule: "T2",
    bug: "the manifest is renamed before its bytes are durable",
    file: "kv/tables/files/manifest.ts",
    find: "    await file.sync();\n",
    replace: "",
    caughtBy: [MODEL],
  },
  {
    rule: "T2",
    bug: "a table gets its name before its bytes are durable",
    file: "kv/tables/files/table_writer.ts",
    find: "    await this.#file?.sync();\n",
    replace: "",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T3",
    bug: "a deletion is dropped while an older version lies on a lower level",
    file: MERGE,
    find: "if (isForgotten && !keep.hasOlder(entry.key)) continue;",
    replace: "if (isForgotten) continue;",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T3",
    bug: "a merge looks for older versions on no level",
    file: LEVELS,
    find: "return levels.slice(level + 1).some(",
    replace: "return levels.slice(level + 2).some(",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T3",
    bug: "a merge drops deletions that a replay still needs",
    file: TABLES,
    find: "Math.min(horizon, this.#appliedDeletions, this.#holds.oldestDeletions)",
    replace: "Math.min(horizon, this.#deletions, this.#holds.oldestDeletions)",
    caughtBy: [MODEL],
  },
  {
    rule: "T3",
    bug: "a deletion that is forgotten is found until a merge drops it",
    file: TABLES,
    find: "return isForgotten(entry, this.#deletions) ? null : entry;",
    replace: "return entry;",
    caughtBy: [MODEL],
  },
  {
    rule: "T4",
    bug: "a version at the horizon is dropped",
    file: MERGE,
    find: "    if (isCovered) continue;\n    if (entry.revision <= keep.horizon) {",
    replace: "    if (isCovered || entry.revision === keep.horizon) continue;\n" +
      "    if (entry.revision <= keep.horizon) {",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T4",
    bug: "versions that a reader still wants are dropped",
    file: TABLES,
    find: "Math.min(this.#horizon, this.#holds.oldest)",
    replace: "this.#horizon",
    caughtBy: [MODEL],
  },
  {
    rule: "T4",
    bug: "a revision can be read although a merge left it out",
    file: TABLES,
    find: "    this.#oldest = horizon;\n    const deletions",
    replace: "    const deletions",
    caughtBy: [MODEL],
  },
  {
    rule: "T5",
    bug: "a merge of level 0 takes only its newest table",
    file: LEVELS,
    find: "inputs: [...newest, ...overlapping(levels[1] ?? [], newest)], level: 1",
    replace: "inputs: [newest[0]!, ...overlapping(levels[1] ?? [], newest)], level: 1",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T5",
    bug: "a new table is put below the older ones of level 0",
    file: TABLES,
    find: "[[...outputs, ...newest], ...others]",
    replace: "[[...newest, ...outputs], ...others]",
    caughtBy: [MODEL],
  },
  {
    rule: "T5",
    bug: "a merge forgets the tables that overlap on the level below",
    file: LEVELS,
    find: "inputs: [table, ...overlapping(levels[level + 1] ?? [], [table])]",
    replace: "inputs: [table]",
    caughtBy: [UNITS, MODEL],
  },
  {
    rule: "T5",
    bug: "versions of one key are divided between two tables of a level",
    file: "kv/tables/write_tables.ts",
    find: "writer.bytes >= this.#options.tableBytes && writer.lastKey !== entry.key",
    replace: "writer.bytes >= this.#options.tableBytes",
    caughtBy: [MODEL],
  },
  {
    rule: "T6",
    bug: "a block is believed without its checksum",
    file: TABLE,
    find: "if (bytes.length === length && isSoundBlock(bytes)) return bytes;",
    replace: "if (bytes.length === length) return bytes;",
    caughtBy: [UNITS],
  },
  {
    rule: "T6",
    bug: "the index of a table is believed without its checksum",
    file: TABLE,
    find: "if (indexAt + tail.length !== footAt || crc32(tail) !== checksum) {",
    replace: "if (indexAt + tail.length !== footAt) {",
    caughtBy: [UNITS],
  },
  {
    rule: "T7",
    bug: "the filter denies keys that the table holds",
    file: "kv/tables/files/bloom.ts",
    find: "if (this.#hashes.at(-1) !== hash) this.#hashes.push(hash);",
    replace: "if (this.#hashes.length % 50 !== 49) this.#hashes.push(hash);",
    caughtBy: ["kv/tables/files/bloom_test.ts", UNITS],
  },
  {
    rule: "T7",
    bug: "a read does not go on in the next block",
    file: TABLE,
    find: "if (compareKeyAt(this.#index, this.#records[place]!, key) !== 0) return null;",
    replace: "return null;",
    caughtBy: [UNITS],
  },
  {
    rule: "T7",
    bug: "blocks of another table are taken from the cache",
    file: "kv/tables/files/block_cache.ts",
    find: "    const key = table * BLOCKS_PER_TABLE + place;\n    const found",
    replace: "    const key = BLOCKS_PER_TABLE + place + 0 * table;\n    const found",
    caughtBy: ["kv/tables/files/block_cache_test.ts", MODEL],
  },
  {
    rule: "T8",
    bug: "a scan sees what is written while it runs",
    file: TABLES,
    find: ": visible(merged(runs), at, deletions);",
    replace: ": visible(merged(runs), Infinity, deletions);",
    caughtBy: [MODEL],
  },
  {
    rule: "T8",
    bug: "a file is taken from a scan that still reads it",
    file: TABLES,
    find: "    for (const table of tables) table.acquire();\n",
    replace: "",
    caughtBy: [MODEL],
  },
  {
    rule: "T8",
    bug: "files that no manifest names are kept for ever",
    file: "kv/tables/open_tables.ts",
    find: "if (isOurs && !named.has(name)) await files.remove(name);",
    replace: "if (isOurs && named.size < 0) await files.remove(name);",
    caughtBy: [MODEL],
  },
  {
    rule: "T9",
    bug: "an import goes on with a chunk of another state",
    file: "kv/tables/stream.ts",
    find: "  if (hash !== wanted) return",
    replace: "  if (hash === wanted && hash === START.hash) return",
    caughtBy: [STREAM],
  },
  {
    rule: "T9",
    bug: "a stream that is continued gives the last key again",
    file: "kv/tables/stream.ts",
    find: "  return `${key}\\0`;",
    replace: "  return key;",
    caughtBy: [STREAM],
  },
  {
    rule: "T9",
    bug: "the hash leaves out the entries",
    file: "kv/tables/stream.ts",
    find: "  view.setUint32(12, crc32(chunk.subarray(HASH_AT + 8)));\n",
    replace: "",
    caughtBy: [STREAM],
  },
  {
    rule: "T9",
    bug: "what was in memory before an import shines through it",
    file: TABLES,
    find: "      this.#memory = new MemoryTable();\n      this.#frozen = null;\n",
    replace: "",
    caughtBy: [STREAM],
  },
  {
    rule: "T9",
    bug: "a state that an import replaced can still be asked for",
    file: TABLES,
    find: "      this.#oldest = this.#horizon = position.index;\n",
    replace: "",
    caughtBy: [STREAM],
  },
];
