/**
 * The lint plugin of the house, on pieces of source.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import plugin from "./house_rules.ts";
import { lineAt } from "./imports.ts";

const HEAD = "/**\n * What it is.\n *\n * @module\n */\n\n";

/** The rules that the file breaks, as `line: rule`; its own first line is line 1. */
function broken(path: string, text: string): string[] {
  const source = HEAD + text;
  const found = Deno.lint.runPlugin(plugin, path, source);
  const rules = found.map(({ id, range }) =>
    `${lineAt(source, range[0]) - 6}: ${id.replace("house/", "")}`
  );
  return [...new Set(rules)];
}

Deno.test("what only adapters may touch is found elsewhere", () => {
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
    `new Worker("a")`,
  ];
  for (const line of lines) {
    const text = `export function last(): unknown {\n  return ${line};\n}\n`;
    assertEquals(broken("raft/log.ts", text), ["2: adapters-only"], line);
    assertEquals(broken("net/wire/frame.ts", text), [], line);
    assertEquals(broken("raft/log_test.ts", text), [], line);
  }
  const byModule = `import { connect } from "node:net";\nexport const last = () => connect;\n`;
  assertEquals(broken("raft/log.ts", byModule), ["1: adapters-only"]);
  assertEquals(broken("raft/log.ts", `import { crc32 } from "node:zlib";\n`), []);
});

Deno.test("comments, strings and names of fields are not taken for what they name", () => {
  const text = [
    "// Date.now() is for adapters.",
    'const a = "Date.now()" + `Math.random() ${"console.log"} `;',
    "const c = { Date: 1, crypto: 2, now: (): number => 1 };",
    "export const last = (): unknown => [a, c.Date, c.crypto, c.now()];",
  ];
  assertEquals(broken("raft/log.ts", text.join("\n")), []);
});

Deno.test("other packages than the five of std are found, and assertions in the product", () => {
  assertEquals(broken("cli/main.ts", `\nimport { last } from "npm:left-pad";\n`), ["2: packages"]);
  assertEquals(broken("cli/main.ts", `export * from "@std/yaml";\n`), ["1: packages"]);
  assertEquals(broken("cli/main.ts", `import { parseArgs } from "@std/cli";\n`), []);
  assertEquals(broken("raft/log.ts", `import { assert } from "@std/assert";\n`), ["1: packages"]);
  assertEquals(broken("raft/log_test.ts", `import { assert } from "@std/assert";\n`), []);
});

Deno.test("a file without module comment is found", () => {
  const found = (text: string): string[] =>
    Deno.lint.runPlugin(plugin, "kv/store.ts", text).map(({ id }) => id);
  assertEquals(found("export const put = 1;\n"), ["house/module-comment"]);
  assertEquals(found("/** Not one. */\nexport const put = 1;\n"), ["house/module-comment"]);
  assertEquals(found(`#!/usr/bin/env deno\n${HEAD}`), []);
});

Deno.test("long functions of every form are found", () => {
  const body = "\n  last();".repeat(69);
  const functions = [
    `export function long(\n  a: number,\n): { b: number } {${body}\n}\n`,
    `export async function long(): Promise<void> {${body}\n}\n`,
    `export const long = (a: number): void => {${body}\n};\n`,
    `export class A {\n  async #long(): Promise<void> {${body}\n  }\n}\n`,
    `last(() => {${body}\n});\n`,
  ];
  for (const text of functions) {
    const found = broken("raft/log.ts", text).map((it) => it.replace(/^\d+/, ""));
    assertEquals(found, [": function-length"], text);
    assertEquals(broken("raft/log.ts", text.replace("\n  last();", "")), [], text);
  }
  for (const text of [`export class A {${body.replaceAll("()", "")}\n}\n`, `{${body}\n}\n`]) {
    assertEquals(broken("raft/log.ts", text), [], text);
  }
});

Deno.test("marks that promise work or switch checks off are found", () => {
  const marks = [
    `// ${"TO"}DO: later`,
    `// ${"FIX"}ME`,
    `// deno-lint-ignore-${"file"}`,
    `// @ts-${"ignore"}`,
  ];
  for (const mark of marks) assertEquals(broken("raft/log.ts", mark), ["1: no-marks"], mark);
});

Deno.test("tests that are left out without a reason are found", () => {
  const left = (line: string): string[] => broken("raft/log_test.ts", `${line}\n`);
  assertEquals(left("Deno.test.ignore(last);"), ["1: no-test-left-out"]);
  assertEquals(left("Deno.test({ only: true });"), ["1: no-test-left-out"]);
  assertEquals(left("Deno.test({\n  ignore: isWindows,\n});"), ["2: no-test-left-out"]);
  assertEquals(left("Deno.test({\n  ignore: isWindows, // no Unix sockets there\n});"), []);
});

Deno.test("a cast by way of unknown is found in the product", () => {
  const text = "export const last = (given: string[]): number => given as unknown as number;\n";
  assertEquals(broken("kv/store.ts", text), ["1: casts"]);
  assertEquals(broken("kv/store_test.ts", text), []);
  assertEquals(broken("kv/store.ts", text.replace(" as number", "")), []);
});

Deno.test("undefined is found in what travels", () => {
  const types = [
    "export interface Vote {\n  readonly votedFor?: number;\n}\n",
    "export type Vote =\n  | undefined;\n",
  ];
  for (const text of types) {
    assertEquals(broken("raft/core/model/types.ts", text), ["2: wire-types"]);
    assertEquals(broken("raft/core/model/log.ts", text), []);
  }
});
