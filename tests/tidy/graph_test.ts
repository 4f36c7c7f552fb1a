/**
 * The import graph of the project, its picture in docs/architecture.md, and the rules on planted
 * faults. `deno test -A tests/tidy/graph_test.ts -- --rewrite` writes the picture anew.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { checkFolders, checkGraph, compareDrawing, drawGraph } from "./graph.ts";
import { importsOf } from "./imports.ts";
import { APART, LAYERS, NODE } from "./layers.ts";
import { projectFiles } from "./project_files.ts";
import { describeViolation } from "./tidy.ts";

const RULES = { layers: LAYERS, apart: APART, node: NODE };
const PAGE = "docs/architecture.md";
const OPENING = "```text folders";
const IMPORTS = importsOf(projectFiles([".ts"]));

/** The rules that these files break, as `path:line: rule`. */
function broken(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  return checkGraph(importsOf(sources), RULES).map(({ path, line, rule }) =>
    `${path}:${line}: ${rule}`
  );
}

Deno.test("no import of the project runs up, around or past a door", () => {
  const violations = checkGraph(IMPORTS, RULES);
  assertEquals(violations.map(describeViolation), []);
});

Deno.test("no folder of the project holds more than twenty files", () => {
  const paths = projectFiles([""]).map(({ path }) => path);
  assertEquals(checkFolders(paths).map(describeViolation), []);
});

Deno.test("docs/architecture.md draws the folders as they are", () => {
  const wanted = drawGraph(IMPORTS, RULES);
  const url = new URL(`../../${PAGE}`, import.meta.url);
  const text = Deno.readTextFileSync(url);
  if (Deno.args.includes("--rewrite")) {
    const [before, after] = text.split(`${OPENING}\n`) as [string, string];
    const drawing = [OPENING, ...wanted, ""].join("\n");
    Deno.writeTextFileSync(url, before + drawing + after.slice(after.indexOf("```")));
    return;
  }
  const found = compareDrawing({ path: PAGE, text }, { opening: OPENING, wanted });
  assertEquals(found.map(describeViolation), []);
});

Deno.test("importsOf finds imports of every kind", () => {
  const lines = [
    `import { a } from "./a.ts";`,
    `export * from "../b.ts";`,
    `export { c } from "./c.ts";`,
    `const d = await import("./d.ts");`,
    `type E = typeof import("./e.ts");`,
    `new Worker(new URL("./f.ts", import.meta.url));`,
    `new Worker(import.meta.resolve("./g.ts"));`,
    `const h = import.meta.resolve("./h.ts") + new URL("./page.html", import.meta.url);`,
    `import { i } from "@std/assert";`,
    `// import "./j.ts";`,
  ];
  const found = importsOf([{ path: "x/y.ts", text: lines.join("\n") }]);
  assertEquals(found.map(({ line, target, kind }) => [line, target, kind]), [
    [1, "x/a.ts", "static"],
    [2, "b.ts", "static"],
    [3, "x/c.ts", "static"],
    [4, "x/d.ts", "dynamic"],
    [5, "x/e.ts", "dynamic"],
    [6, "x/f.ts", "dynamic"],
    [7, "x/g.ts", "dynamic"],
    [8, "x/h.ts", "named"],
  ]);
});

Deno.test("an import that runs up is found, whether static or dynamic", () => {
  assertEquals(broken({ "raft/core/model/log.ts": `\nimport "../storage/mod.ts";\n` }), [
    "raft/core/model/log.ts:2: layers",
  ]);
  assertEquals(broken({ "net/wire/codec.ts": `await import("../rpc/rpc_client.ts");\n` }), [
    "net/wire/codec.ts:1: layers",
  ]);
  assertEquals(broken({ "cli/table/output.ts": `import "../../tests/sim/mod.ts";\n` }), [
    "cli/table/output.ts:1: layers",
  ]);
  assertEquals(broken({ "raft/storage/file_log.ts": `import "../core/mod.ts";\n` }), []);
});

Deno.test("rooms that are apart do not import each other, whatever their rows", () => {
  assertEquals(broken({ "net/mod.ts": `import "../kv/store/mod.ts";\n` }), [
    "net/mod.ts:1: layers",
  ]);
  assertEquals(broken({ "kv/mod.ts": `import "../net/wire/mod.ts";\n` }), ["kv/mod.ts:1: layers"]);
  assertEquals(broken({ "net/store/a.ts": `import "../../kv/mod.ts";\n` }), []);
});

Deno.test("a folder without a row is found", () => {
  assertEquals(broken({ "raft/new/a.ts": `import "../core/mod.ts";\n` }), [
    "raft/new/a.ts:1: layers",
  ]);
});

Deno.test("an import past the door is found, unless it is loaded late or by a test or a tool", () => {
  const text = `import "../raft/node.ts";\n`;
  assertEquals(broken({ "kv/a.ts": text }), ["kv/a.ts:1: doors"]);
  assertEquals(broken({ "kv/a_test.ts": text, "tools/a.ts": text }), []);
  assertEquals(broken({ "kv/a.ts": `await import("../raft/node.ts");\n` }), []);
});

Deno.test("every file on a circle is on one that is found, with its shortest way", () => {
  const files = {
    "raft/a.ts": `import "./b.ts";\n`,
    "raft/b.ts": `\nimport "./c.ts";\nawait import("./a.ts");\n`,
    "raft/c.ts": `import "./a.ts";\n`,
  };
  const sources = Object.entries(files).map(([path, text]) => ({ path, text }));
  assertEquals(checkGraph(importsOf(sources), RULES).map(describeViolation), [
    "raft/a.ts:1: import circle: wanted none, got raft/a.ts -> raft/b.ts -> raft/a.ts",
    "raft/c.ts:1: import circle: wanted none, got raft/c.ts -> raft/a.ts -> raft/b.ts -> raft/c.ts",
  ]);
});

Deno.test("a node that loads something of the tests is found at the import that leads there", () => {
  const files = {
    "cli/node/node_command.ts": `import "./machines.ts";\n`,
    "cli/node/machines.ts": `\nimport "../../tests/cluster/mod.ts";\n`,
  };
  assertEquals(broken(files), ["cli/node/machines.ts:2: node"]);
  const late = {
    ...files,
    "cli/node/machines.ts": `await import("../../tests/cluster/mod.ts");\n`,
  };
  assertEquals(broken(late), []);
});

Deno.test("a folder with more than twenty files is found", () => {
  const paths = Array.from({ length: 21 }, (_, at) => `kv/store/a${at}.ts`);
  assertEquals(checkFolders(paths).map(describeViolation), [
    "kv/store:1: folder length: wanted at most 20 files, got 21",
  ]);
  assertEquals(checkFolders([...paths.slice(1), "kv/a.ts"]), []);
});

Deno.test("compareDrawing names the first line of the page that differs", () => {
  const compare = (...got: string[]): string[] => {
    const text = ["# Page", OPENING, ...got, "```", ""].join("\n");
    const drawing = { opening: OPENING, wanted: ["cli ─► kv", "kv"] };
    return compareDrawing({ path: "a.md", text }, drawing).map(describeViolation);
  };
  assertEquals(compare("cli ─► kv", "kv"), []);
  const wrong = (line: number, text: string): string[] => [
    `a.md:${line}: picture of the folders: ${text}`,
  ];
  assertEquals(compare("cli ─► net", "kv"), wrong(3, 'wanted "cli ─► kv", got "cli ─► net"'));
  assertEquals(compare("cli ─► kv"), wrong(4, 'wanted "kv", got "```"'));
  assertEquals(compare("cli ─► kv", "kv", "net"), wrong(5, 'wanted "```", got "net"'));
});
