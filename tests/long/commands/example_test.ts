/**
 * Every function and class of the library's entry points has an `@example`, and every example
 * type-checks, runs and ends. Addresses in them stand for a node that runs here.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import config from "../../../deno.json" with { type: "json" };
import { projectFiles } from "../../tidy/project_files.ts";
import { withServingNode } from "../../helpers/serving_node.ts";

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** The sources of the product, and of the checker, which is published too. */
const sources = projectFiles([".ts"])
  .filter(({ path }) => /^(?:raft|kv|net|tests\/checker)\/.*(?<!_test|_bench)\.ts$/.test(path));

/** The exports of each entry point of the package. */
const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "mod.ts": await import("../../../mod.ts"),
  "raft/core_entry.ts": await import("../../../raft/core_entry.ts"),
  "raft/lab.ts": await import("../../../raft/lab.ts"),
  "tests/checker/search/mod.ts": await import("../../checker/search/mod.ts"),
  "raft/storage/inspect.ts": await import("../../../raft/storage/inspect.ts"),
};

/** The comments of the exports with this name. */
function commentsOf(name: string): string[] {
  const declaration = `export (?:async )?(?:abstract )?(?:function|class) ${name}\\b`;
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*${declaration}`, "g");
  return sources.flatMap(({ text }) => [...text.matchAll(pattern)].map((match) => match[1]!));
}

/** The programs of all examples, each with the place of its first line. */
function examples(): { readonly place: string; readonly program: string }[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(/ \* @example[^\n]*\n \* ```ts\n(?<program>[^]*?)\n \* ```/g)].map((
      match,
    ) => ({
      place: `${path}:${text.slice(0, match.index).split("\n").length}`,
      program: match.groups!["program"]!.replaceAll(/^ \* ?/gm, ""),
    }))
  );
}

Deno.test("every function and class of every entry point has an example", () => {
  assertEquals(Object.values(config.exports).map((path) => path.slice(2)), Object.keys(entries));
  const without = Object.entries(entries).flatMap(([entry, exported]) =>
    Object.keys(exported)
      .filter((name) => typeof exported[name] === "function")
      .filter((name) => !commentsOf(name).some((comment) => comment.includes("@example")))
      .map((name) => `${entry}: ${name} has no @example`)
  );
  assertEquals(without, []);
});

Deno.test("every example type-checks, runs without a failed assertion, and ends", async () => {
  const programs = examples();
  assert(programs.length >= 10, `${programs.length}`);
  const folder = await Deno.makeTempDir({ dir: root, prefix: ".run-" });
  try {
    await withServingNode(async (endpoint) => {
      let all = "";
      for (const { place, program } of programs) {
        const file = `./${place.replaceAll(/[/.:]/g, "_")}.ts`;
        const text = program.replaceAll(/127\.0\.0\.1:\d+/g, endpoint);
        await Deno.writeTextFile(`${folder}/${file}`, text);
        all += `await import(${JSON.stringify(file)});\n`;
      }
      await Deno.writeTextFile(`${folder}/all.ts`, all);
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--check", "--quiet", "all.ts"],
        cwd: folder,
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(120_000),
      }).output();
      const text = new TextDecoder();
      // A failed console.assert is a line on standard error.
      assertEquals([code, text.decode(stderr)], [0, ""], text.decode(stdout));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
