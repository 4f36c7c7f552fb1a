/**
 * The house rules on the project as a whole, and the checker on planted faults.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { importsOf } from "./imports.ts";
import { projectFiles } from "./project_files.ts";
import { type Allowance, checkTidy, describeViolation } from "./tidy.ts";

/** What is over a limit today. Lower a number when you can; a new line needs a good reason. */
const ALLOWANCE: Allowance = {
  fileLines: {
    "raft/storage/file_reading.ts": 375,
    "raft/storage/file_recovery.ts": 335,
    "raft/storage/file_storage.ts": 390,
    "raft/core/peers/progress.ts": 380,
    "cli/node/run_node.ts": 331,
    "raft/message.ts": 340,
    "raft/rsm/rsm.ts": 310,
    "raft/node.ts": 375,
  },
  testedBy: {
    "raft/core/elections.ts": "raft/core/raft_test.ts",
    "raft/core/member_changes.ts": "raft/core/raft_test.ts",
    "raft/core/read_rounds.ts": "raft/core/raft_test.ts",
    "raft/core/replication.ts": "raft/core/raft_test.ts",
    "raft/core/saves.ts": "raft/core/raft_test.ts",
    "raft/core/server/server.ts": "raft/core/raft_test.ts",
    "raft/core/snapshots.ts": "raft/core/raft_test.ts",
    "raft/core/step.ts": "raft/core/raft_test.ts",
    "raft/core/transfer.ts": "raft/core/raft_test.ts",
    "cli/shell/shell_completion.ts": "cli/shell/shell_test.ts",
    "cli/shell/shell_help.ts": "cli/shell/shell_test.ts",
    "kv/command/bytes.ts": "kv/command/batch_test.ts",
    "kv/command/checks.ts": "kv/command/batch_test.ts",
    "kv/command/entries.ts": "kv/command/batch_test.ts",
    "kv/command/fields.ts": "kv/command/batch_test.ts",
    "kv/command/lease_fields.ts": "kv/command/batch_test.ts",
    "kv/command/operations.ts": "kv/command/batch_test.ts",
    "kv/command/session.ts": "kv/command/request_test.ts",
    "kv/command/reply.ts": "kv/command/request_test.ts",
    "kv/store/checks.ts": "kv/store/execute_test.ts",
    "kv/store/lease_work.ts": "kv/store/leases_test.ts",
    "kv/store/draft.ts": "kv/store/execute_test.ts",
    "kv/store/image.ts": "kv/store/store_test.ts",
    "kv/store/room.ts": "kv/store/store_test.ts",
    "kv/tables/files/table_format.ts": "kv/tables/files/table_test.ts",
    "kv/tables/files/table_writer.ts": "kv/tables/files/table_test.ts",
    "kv/tables/background.ts": "kv/tables/table_images_test.ts",
    "kv/tables/arriving.ts": "kv/tables/table_images_test.ts",
    "kv/tables/image_reader.ts": "kv/tables/table_images_test.ts",
    "kv/tables/import.ts": "kv/tables/stream_test.ts",
    "kv/tables/state/memory_state.ts": "kv/tables/tables_test.ts",
    "kv/tables/folder/open_tables.ts": "kv/tables/tables_test.ts",
    "kv/tables/work.ts": "kv/tables/tables_test.ts",
    "kv/tables/folder/slices.ts": "kv/tables/tables_test.ts",
    "kv/tables/versions.ts": "kv/tables/tables_test.ts",
    "kv/watch/changes.ts": "kv/watch/hub_test.ts",
    "kv/watch/recent_groups.ts": "kv/watch/hub_test.ts",
    "kv/watch/watch.ts": "kv/watch/hub_test.ts",
    "kv/watch/watch_parts.ts": "kv/watch/watch_codec_test.ts",
    "kv/tables/folder/write_tables.ts": "kv/tables/tables_test.ts",
    "net/faults/fields.ts": "net/faults/faults_test.ts",
    "raft/node_options.ts": "raft/node_test.ts",
    "raft/storage/file_log.ts": "raft/storage/file_storage_test.ts",
    "raft/storage/file_reading.ts": "raft/storage/file_storage_test.ts",
    "raft/storage/final_files.ts": "raft/storage/file_storage_test.ts",
    "raft/storage/segment_maker.ts": "raft/storage/file_storage_test.ts",
    "raft/storage/storage_error.ts": "tests/long/storage/storage_error_test.ts",
    "raft/storage/file_recovery.ts": "raft/storage/file_storage_test.ts",
    "raft/core/model/invariant.ts": "raft/check_test.ts",
  },
};

const NONE: Allowance = { fileLines: {}, testedBy: {} };

/** A small project without a fault, with some files changed. */
function projectWith(changes: Readonly<Record<string, string | null>>): Record<string, string> {
  const all: Record<string, string | null> = {
    "raft/mod.ts": `export * from "./log.ts";\nexport type * from "./types.ts";\n`,
    "raft/log.ts": "export function last(): number {\n  return 1;\n}\n",
    "raft/log_test.ts": `import { last } from "./log.ts";\nlast();\n`,
    "raft/types.ts": "export interface Entry {\n  readonly index: number | null;\n}\n",
    "kv/mod.ts": `export * from "./store.ts";\n`,
    "kv/store.ts": `import { last } from "../raft/mod.ts";\nexport const put = () => last();\n`,
    "kv/store_test.ts": `import { put } from "./store.ts";\nput();\n`,
    ...changes,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries(kept);
}

/** The rules that the project breaks with these changes, as `path:line: rule`. */
function broken(
  changes: Readonly<Record<string, string | null>>,
  allowance: Partial<Allowance> = {},
): string[] {
  const files = Object.entries(projectWith(changes)).map(([path, text]) => ({ path, text }));
  const faces = ["raft/mod.ts", "kv/mod.ts"];
  const project = { files, imports: importsOf(files), faces };
  return checkTidy(project, { ...NONE, ...allowance })
    .map(({ path, line, rule }) => `${path}:${line}: ${rule}`);
}

const long = (lines: number): string => "export const last = () => 1;\n".padEnd(28 + lines, "\n");

Deno.test("the project keeps the house rules", () => {
  const files = projectFiles([".ts"]);
  const entries = Object.values(config.exports).map((path) => path.replace("./", ""));
  const doors = files.map(({ path }) => path).filter((path) => path.endsWith("/mod.ts"));
  const faces = ["cli/main.ts", ...entries, ...doors];
  const project = { files, imports: importsOf(files), faces };
  const violations = checkTidy(project, ALLOWANCE);
  assertEquals(violations.map(describeViolation), []);
});

Deno.test("tidy finds nothing in a tidy project", () => {
  assertEquals(broken({}), []);
});

Deno.test("tidy names file, line, rule, wanted and got in one line", () => {
  const files = [{ path: "raft/mod.ts", text: long(301) }];
  assertEquals(
    checkTidy({ files, imports: [], faces: ["raft/mod.ts"] }, NONE).map(describeViolation),
    [
      "raft/mod.ts:301: file length: wanted at most 300 lines, got 301",
    ],
  );
});

Deno.test("tidy finds long files unless they are on the list, and never lets them grow", () => {
  const fileLines = { "raft/log.ts": 400 };
  assertEquals(broken({ "raft/log.ts": long(300) }), []);
  assertEquals(broken({ "raft/log.ts": long(301) }), ["raft/log.ts:301: file length"]);
  assertEquals(broken({ "raft/log.ts": long(400) }, { fileLines }), []);
  assertEquals(broken({ "raft/log.ts": long(401) }, { fileLines }), [
    "raft/log.ts:401: file length",
  ]);
  const example = "/**\n * It.\n *\n * @example\n * ```ts\n * last();\n * ```\n */\n";
  assertEquals(broken({ "raft/log.ts": example + long(297) }), []);
  assertEquals(broken({ "raft/log.ts": example + long(298) }), ["raft/log.ts:301: file length"]);
  assertEquals(broken({ "raft/log_test.ts": `import "./log.ts";\n${long(499)}` }), []);
  assertEquals(broken({ "raft/log_test.ts": `import "./log.ts";\n${long(500)}` }), [
    "raft/log_test.ts:501: file length",
  ]);
});

Deno.test("tidy finds entries of its own lists that nothing needs any more", () => {
  const fileLines = { "raft/log.ts": 400 };
  assertEquals(broken({ "raft/log.ts": long(10) }, { fileLines }), ["raft/log.ts:1: file length"]);
  assertEquals(broken({ "raft/log.ts": long(350) }, { fileLines }), ["raft/log.ts:1: file length"]);
  const testedBy = { "raft/log.ts": "kv/store_test.ts" };
  assertEquals(broken({}, { testedBy }), ["raft/log.ts:1: tested"]);
  assertEquals(broken({}, { testedBy: { "raft/gone.ts": "kv/store_test.ts" } }), [
    "raft/gone.ts:1: tested",
  ]);
});

Deno.test("tidy finds pure files that have no test, and passes over types", () => {
  const without = { "kv/store_test.ts": null };
  assertEquals(broken(without), ["kv/store.ts:1: tested"]);
  assertEquals(broken(without, { testedBy: { "kv/store.ts": "raft/log_test.ts" } }), []);
});

Deno.test("tidy finds files that nothing leads to", () => {
  const alone = "export interface Alone {\n  readonly a: number;\n}\n";
  const onlyTested = { "raft/alone.ts": alone, "raft/alone_test.ts": `import "./alone.ts";\n` };
  assertEquals(broken({ "raft/alone.ts": alone }), ["raft/alone.ts:1: reachable"]);
  assertEquals(broken({ "tests/sim/alone.ts": alone }), ["tests/sim/alone.ts:1: reachable"]);
  assertEquals(broken(onlyTested), ["raft/alone.ts:1: reachable"]);
});
