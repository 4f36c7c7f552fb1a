/**
 * The house rules, checked on every file of the project; and the checker, checked on planted faults.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { projectFiles } from "./project_files.ts";
import { maskCode } from "./source_text.ts";
import { type Allowance, checkTidy, describeViolation } from "./tidy.ts";

/** What is over a limit today. Lower a number when you can; a new line needs a good reason. */
const ALLOWANCE: Allowance = {
  fileLines: {
    "cli/shell/line_editor.ts": 335,
    "raft/storage/file_recovery.ts": 445,
    // Figure 2 in one scroll is worth more than small files.
    "raft/core/raft.ts": 535,
    "raft/node.ts": 320,
    "raft/storage/record.ts": 310,
    "tests/sim/sim_cluster.ts": 515,
  },
  functionLines: {},
  importsTests: ["cli/node/machines.ts"],
  unreached: [],
  testedBy: {
    "kv/tables/files/table_format.ts": "kv/tables/files/table_test.ts",
    "kv/tables/files/table_writer.ts": "kv/tables/files/table_test.ts",
    "kv/tables/open_tables.ts": "kv/tables/tables_test.ts",
    "kv/tables/slices.ts": "kv/tables/tables_test.ts",
    "kv/tables/write_tables.ts": "kv/tables/tables_test.ts",
    "raft/storage/file_log.ts": "raft/storage/file_storage_test.ts",
    "raft/storage/file_recovery.ts": "raft/storage/file_storage_test.ts",
    "raft/core/invariant.ts": "raft/check_test.ts",
  },
};

const NONE: Allowance = {
  unreached: [],
  fileLines: {},
  functionLines: {},
  importsTests: [],
  testedBy: {},
};
/** The rules that a project of these files breaks, as `path:line: rule`. */
function broken(files: Readonly<Record<string, string>>, allowance = NONE): string[] {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  return checkTidy(sources, allowance).map(({ path, line, rule }) => `${path}:${line}: ${rule}`);
}

const HEAD = "/**\n * What it is.\n *\n * @module\n */\n\n";

/** A small project without a fault, with one file changed. */
function projectWith(changes: Readonly<Record<string, string>>): Record<string, string> {
  const all: Record<string, string> = {
    "raft/mod.ts": `export * from "./log.ts";\nexport type * from "./types.ts";\n`,
    "raft/log.ts": "export function last(): number {\n  return 1;\n}\n",
    "raft/log_test.ts": `import { last } from "./log.ts";\nlast();\n`,
    "raft/types.ts": "export interface Entry {\n  readonly index: number | null;\n}\n",
    "kv/mod.ts": `export * from "./store.ts";\n`,
    "kv/store.ts": `import { last } from "../raft/mod.ts";\nexport const put = () => last();\n`,
    "kv/store_test.ts": `import { put } from "./store.ts";\nput();\n`,
    "net/mod.ts": `import { last } from "../raft/mod.ts";\nexport const send = last;\n`,
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).map(([path, text]) => [path, HEAD + text]));
}

function brokenWith(changes: Readonly<Record<string, string>>, allowance = NONE): string[] {
  return broken(projectWith(changes), allowance);
}

Deno.test("project keeps the house rules", () => {
  const violations = checkTidy(projectFiles([".ts"]), ALLOWANCE).map(describeViolation);
  assertEquals(violations, []);
});

Deno.test("tidy is content with a tidy project", () => {
  assertEquals(brokenWith({}), []);
});

Deno.test("tidy names file, line and rule in one sentence", () => {
  const files = projectWith({ "kv/store.ts": "export const now = (): number => Date.now();\n" });
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  assertEquals(checkTidy(sources, NONE).map(describeViolation), [
    "kv/store.ts:7: adapters only: Date is the time, which only adapters touch",
  ]);
});

Deno.test("tidy finds imports that go the wrong way", () => {
  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "raft/log.ts:7": { "raft/log.ts": `import "../kv/mod.ts";\nexport const last = () => 1;\n` },
    "kv/store.ts:8": { "kv/store.ts": `\nexport { send as put } from "../net/mod.ts";\n` },
    "kv/store.ts:7": { "kv/store.ts": `export { last as put } from "../raft/log.ts";\n` },
    "net/mod.ts:7": { "net/mod.ts": `export type { put } from "../kv/mod.ts";\n` },
    "net/mod.ts:8": { "net/mod.ts": `\nconst late = await import("../../cli/main.ts");\n` },
    "cli/main.ts:7": { "cli/main.ts": `import "../tests/harness/cluster.ts";\n` },
    "cli/main.ts:9": { "cli/main.ts": `\n\nimport { last } from "npm:left-pad";\nlast();\n` },
    "raft/types.ts:7": { "raft/types.ts": `import { assert } from "@std/assert";\n` },
  };
  for (const [place, change] of Object.entries(cases)) {
    assertEquals(brokenWith(change).filter((it) => it.endsWith("direction")), [
      `${place}: import direction`,
    ]);
  }
});

Deno.test("tidy lets tests import anything, and only two commands import tests", () => {
  const found = brokenWith({
    "kv/store_test.ts": `import "../raft/log.ts";\nimport "../net/mod.ts";\nimport "./store.ts";\n`,
    "tests/harness/cluster.ts": `import "../../raft/log.ts";\n`,
    "cli/main.ts": `import "./trials/test_command.ts";\n`,
    "cli/trials/test_command.ts":
      `import "../../tests/harness/cluster.ts";\nimport "@std/cli/parse-args";\n`,
  });
  assertEquals(found, []);
});

Deno.test("tidy finds what only adapters may touch", () => {
  const lines = [
    "Deno.cwd()",
    "setTimeout(last, 1)",
    "new Date()",
    "Date.now()",
    "performance.now()",
    "Math.random()",
    "crypto.randomUUID()",
    `console.log("x")`,
    `fetch("http://a")`,
  ];
  for (const line of lines) {
    const text = `export function last(): unknown {\n  return ${line};\n}\n`;
    assertEquals(brokenWith({ "raft/log.ts": text }), ["raft/log.ts:8: adapters only"], line);
    assertEquals(brokenWith({ "net/mod.ts": text }), [], line);
  }
  const byModule = `import { connect } from "node:net";\nexport const last = () => connect;\n`;
  assertEquals(brokenWith({ "raft/log.ts": byModule }), ["raft/log.ts:7: adapters only"]);
});

Deno.test("tidy looks at code, not at comments, strings and names of fields", () => {
  const text = [
    `// Date.now() is for adapters; see "../net/mod.ts".`,
    "/* import x from '../kv/mod.ts'; */",
    'const a = "Date.now()" + `Math.random() ${"console.log"} `;',
    "const b = /Deno\\.cwd['\"`]/.test(a);",
    "const c = { Date: 1, crypto: 2 };",
    "export const last = (): unknown => [a, b, c.Date, c.crypto];",
  ];
  assertEquals(brokenWith({ "raft/log.ts": text.join("\n") }), []);
});

Deno.test("tidy finds a file without module comment", () => {
  const files = projectWith({});
  const texts = ["export const put = 1;\n", "/** Not a module. */\nexport const put = 1;\n"];
  for (const text of texts) {
    assertEquals(broken({ ...files, "kv/store.ts": text }), ["kv/store.ts:1: module comment"]);
  }
});

Deno.test("tidy finds long files unless they are on the list, and never lets them grow", () => {
  const long = (lines: number): string => "export const last = () => 1;\n".padEnd(28 + lines, "\n");
  const fileLines = { "raft/log.ts": 400 };
  assertEquals(brokenWith({ "raft/log.ts": long(294) }), []);
  assertEquals(brokenWith({ "raft/log.ts": long(295) }), ["raft/log.ts:301: file length"]);
  assertEquals(brokenWith({ "raft/log.ts": long(394) }, { ...NONE, fileLines }), []);
  assertEquals(brokenWith({ "raft/log.ts": long(395) }, { ...NONE, fileLines }), [
    "raft/log.ts:401: file length",
  ]);
  assertEquals(brokenWith({ "raft/log.ts": long(10) }, { ...NONE, fileLines }), [
    "raft/log.ts:1: allowance",
  ]);
  assertEquals(brokenWith({ "raft/log_test.ts": `import "./log.ts";\n${long(470)}` }), []);
  assertEquals(brokenWith({ "raft/log_test.ts": `import "./log.ts";\n${long(500)}` }), [
    "raft/log_test.ts:501: file length",
  ]);
});

Deno.test("tidy finds long functions of every form", () => {
  const body = "\n  last();".repeat(69);
  const functions = [
    `export function long(\n  a: number,\n): { b: number } {${body}\n}\n`,
    `export async function long(): Promise<void> {${body}\n}\n`,
    `export const long = (a: number): void => {${body}\n};\n`,
    `export class A {\n  async #long(): Promise<void> {${body}\n  }\n}\n`,
    `last(() => {${body}\n});\n`,
  ];
  for (const text of functions) {
    const found = brokenWith({ "raft/log.ts": text });
    assertEquals(found.map((it) => it.replace(/\d+/, "")), ["raft/log.ts:: function length"], text);
    assertEquals(brokenWith({ "raft/log.ts": text.replace("\n  last();", "") }), [], text);
  }
  const others = [`export class A {${body}\n}\n`, `export const a = {${body}\n};\n`];
  for (const text of others) assertEquals(brokenWith({ "net/a.ts": text, ...reached }), [], text);
  const allowance = { ...NONE, functionLines: { "raft/log.ts#long": 71 } };
  assertEquals(brokenWith({ "raft/log.ts": functions[1]! }, allowance), []);
});

const reached = { "net/mod.ts": `export * from "./a.ts";\n` };

Deno.test("tidy finds marks that promise work or switch checks off", () => {
  const marks = [
    `// ${"TO"}DO: later`,
    `// ${"FIX"}ME`,
    `// deno-lint-ignore-${"file"}`,
    `// @ts-${"ignore"}`,
  ];
  for (const mark of marks) {
    const found = brokenWith({ "raft/types.ts": `${mark}\nexport type A = 1;\n` });
    assertEquals(found.map((it) => it.replace(/: .*/, "")), ["raft/types.ts:7"], mark);
  }
});

Deno.test("tidy finds tests that are left out without a reason", () => {
  const left = (line: string): string[] => brokenWith({ "raft/log_test.ts": `${line}\n` });
  assertEquals(left("Deno.test.ignore(last);"), ["raft/log_test.ts:7: no test left out"]);
  assertEquals(left("Deno.test({ only: true });"), ["raft/log_test.ts:7: no test left out"]);
  assertEquals(left("  ignore: isWindows,"), ["raft/log_test.ts:7: no test left out"]);
  assertEquals(left("  ignore: isWindows, // no Unix sockets there"), []);
});

Deno.test("tidy finds undefined in what travels", () => {
  const types = [
    "export interface Vote {\n  readonly votedFor?: number;\n}\n",
    "export type Vote =\n  | undefined;\n",
  ];
  for (const text of types) {
    const found = brokenWith({ "raft/core/types.ts": text });
    assertEquals(found.filter((it) => it.endsWith("wire types")), [
      "raft/core/types.ts:8: wire types",
    ]);
  }
});

Deno.test("tidy finds pure files that have no test, and lets types be", () => {
  const files = projectWith({});
  delete files["kv/store_test.ts"];
  assertEquals(broken(files), ["kv/store.ts:1: tested"]);
  const testedBy = { "kv/store.ts": "raft/log_test.ts" };
  assertEquals(broken(files, { ...NONE, testedBy }), []);
});

Deno.test("tidy finds files that nothing leads to", () => {
  const alone = "export interface Alone {\n  readonly a: number;\n}\n";
  assertEquals(brokenWith({ "raft/alone.ts": alone }), ["raft/alone.ts:1: reachable"]);
  assertEquals(brokenWith({ "tests/harness/alone.ts": alone }), [
    "tests/harness/alone.ts:1: reachable",
  ]);
  const onlyTested = { "raft/alone.ts": alone, "raft/alone_test.ts": `import "./alone.ts";\n` };
  assertEquals(brokenWith(onlyTested), ["raft/alone.ts:1: reachable"]);
});

Deno.test("tidy finds entries of its own lists that nothing needs any more", () => {
  const cases: readonly Partial<Allowance>[] = [
    { fileLines: { "raft/log.ts": 400 } },
    { functionLines: { "raft/log.ts#last": 90 } },
    { importsTests: ["raft/log.ts"] },
    { unreached: ["raft/log.ts"] },
    { testedBy: { "raft/log.ts": "kv/store_test.ts" } },
  ];
  for (const list of cases) {
    assertEquals(brokenWith({}, { ...NONE, ...list }), ["raft/log.ts:1: allowance"]);
  }
  const gone = { ...NONE, unreached: ["raft/gone.ts"] };
  assertEquals(brokenWith({}, gone), ["raft/gone.ts:1: allowance"]);
  const shrunk = { "raft/log.ts": "export const last = () => 1;\n".padEnd(28 + 350, "\n") };
  const fileLines = { "raft/log.ts": 450 };
  assertEquals(brokenWith(shrunk, { ...NONE, fileLines }), ["raft/log.ts:1: allowance"]);
});

Deno.test("maskCode keeps every line and the length", () => {
  for (const { path, text } of projectFiles([".ts"])) {
    const masked = maskCode(text);
    assertEquals(masked.length, text.length, path);
    assertEquals(masked.split("\n").length, text.split("\n").length, path);
  }
});
