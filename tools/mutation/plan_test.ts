/**
 * The plan of a mutation run: sampling, stages of tests, accepted survivors.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ACCEPTED } from "./accepted.ts";
import mutants, { type Edit } from "./mutants.ts";
import {
  changedLines,
  failedFiles,
  isStumble,
  type Mutant,
  mutantsOf,
  percent,
  plant,
  reasonFor,
  sampleOf,
  stagesOf,
} from "./plan.ts";

const TEXT = "const a = 1;\n  if (a < 2) {\n    f(\n      a,\n    );\n  }\n";

function mutantsIn(file: string, text: string): Mutant[] {
  const found = Deno.lint.runPlugin(mutants, file, text);
  return mutantsOf(file, text, found.map(({ message }) => JSON.parse(message) as Edit));
}

Deno.test("mutantsOf names line, code and change, and plant makes the change", () => {
  const found = mutantsIn("a.ts", TEXT);
  assertEquals(found.map(({ line, code, change }) => [line, code, change]), [
    [2, "if (a < 2) {", "a < 2 -> !(a < 2)"],
    [2, "if (a < 2) {", "a < 2 -> a <= 2"],
    [3, "f(", "f( a, ); -> ;"],
  ]);
  assertEquals(plant(TEXT, found[1]!.edit), TEXT.replace("<", "<="));
});

Deno.test("sampleOf draws without repetition, the same for the same seed", () => {
  const all = Array.from({ length: 100 }, (_, place) => place);
  const sample = sampleOf(all, 30, 7);
  assertEquals(new Set(sample).size, 30);
  assertEquals(sampleOf(all, 30, 7), sample);
  assertEquals(sample, [...sample].sort((a, b) => a - b));
  assertEquals(sampleOf(all, 30, 8).join() === sample.join(), false);
  assertEquals(sampleOf(all, 1000, 7), all);
});

Deno.test("changedLines reads the added lines of a diff", () => {
  const diff = [
    "+++ b/raft/a.ts",
    "@@ -1,0 +2,3 @@ class A {",
    "@@ -9 +11 @@",
    "@@ -20,2 +21,0 @@",
    "+++ b/kv/b.ts",
    "@@ -1 +1 @@",
  ].join("\n");
  assertEquals(
    changedLines(diff),
    new Map([["raft/a.ts", new Set([2, 3, 4, 11])], ["kv/b.ts", new Set([1])]]),
  );
});

Deno.test("stagesOf begins beside the file, goes on with what imports it, and runs no test twice", () => {
  const paths = [
    "kv/store/store_test.ts",
    "raft/core/model/log_test.ts",
    "raft/core/model/save_test.ts",
    "raft/core/raft_test.ts",
    "tests/scripts/script_test.ts",
    "tests/swarm/sim_test.ts",
    "tests/tidy/tidy_test.ts",
  ];
  const importer = "tests/swarm/sim_test.ts";
  const tests = paths.map((path) => ({
    path,
    text: path === importer ? 'import { Log } from "../../raft/core/model/log.ts";\n' : "",
  }));
  assertEquals(stagesOf("raft/core/model/log.ts", tests), [
    { name: "raft/core/model/log_test.ts", tests: ["raft/core/model/log_test.ts"] },
    { name: "imports raft/core/model/log.ts", tests: [importer] },
    { name: "raft/core/model/", tests: ["raft/core/model/save_test.ts"] },
    { name: "raft/", tests: ["raft/core/raft_test.ts"] },
    { name: "tests/scripts/", tests: ["tests/scripts/script_test.ts"] },
  ]);
  const first = stagesOf("raft/core/model/types.ts", tests)[0];
  assertEquals(first!.tests, ["raft/core/model/log_test.ts", "raft/core/model/save_test.ts"]);
});

Deno.test("reasonFor finds an accepted survivor by its text, wherever it stands", () => {
  const [first, second] = mutantsIn("a.ts", `\n\n${TEXT}`);
  const accepted = [{ ...first!, reason: "no difference" }];
  assertEquals(reasonFor(first!, accepted), "no difference");
  assertEquals(reasonFor(second!, accepted), null);
  assertEquals(reasonFor({ ...first!, file: "b.ts" }, accepted), null);
});

Deno.test("every accepted survivor is still a mutant of its file", () => {
  const files = [...new Set(ACCEPTED.map(({ file }) => file))];
  const known = files.flatMap((file) =>
    mutantsIn(file, Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url)))
  );
  const stale = ACCEPTED.filter((entry) => known.every((one) => reasonFor(one, [entry]) === null));
  assertEquals(stale, []);
});

Deno.test("a mutant that does not load does not count as noticed", () => {
  assertEquals(isStumble("error: SyntaxError: Unexpected token"), true);
  assertEquals(isStumble("TypeError: x is not a function"), false);
});

Deno.test("percent says how many of how many", () => {
  assertEquals([percent(1, 3), percent(0, 0)], ["33.3 %", "none"]);
});

Deno.test("the files of failed tests are read from the output", () => {
  const output = `
 FAILURES

a counts => ./net/a_test.ts:43:6
a rests => ./net/a_test.ts:50:6
b counts => ./raft/b_test.ts:1:6

FAILED | 66 passed | 3 failed (28s)
`;
  assertEquals(failedFiles(output), ["net/a_test.ts", "raft/b_test.ts"]);
  assertEquals(failedFiles("ok | 3 passed | 0 failed (1s)"), []);
});
