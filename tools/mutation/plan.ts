/**
 * Which mutants are tried, with which tests, and which survivors are accepted: everything about
 * `deno task mutate` that needs neither files nor processes.
 *
 * @module
 */

import { SeededRandom } from "../../tests/sim/mod.ts";
import type { SourceFile } from "../../tests/tidy/project_files.ts";
import type { Edit } from "./mutants.ts";

/** One mutant of one file. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** The line that it begins in, without the space around it. */
  readonly code: string;
  /** What becomes of what, in one line: `a < b -> a <= b`. */
  readonly change: string;
  readonly edit: Edit;
}

/** A mutant that no test can or need notice. */
export interface Accepted {
  readonly file: string;
  /** As in {@linkcode Mutant}: the entry holds wherever this text stands in the file. */
  readonly code: string;
  readonly change: string;
  /** The reason why the mutant changes nothing that matters. */
  readonly reason: string;
}

const CHANGE_LENGTH_MAX = 140;

/** What stands between two changes of the same place. */
function oneLine(text: string): string {
  const words = text.replaceAll(/\s+/g, " ").trim();
  return words.length <= CHANGE_LENGTH_MAX ? words : `${words.slice(0, CHANGE_LENGTH_MAX)}…`;
}

/** The mutants that these edits make of the file, in the order of their places. */
export function mutantsOf(file: string, text: string, edits: readonly Edit[]): Mutant[] {
  return edits.map((edit) => {
    const before = text.slice(0, edit.from);
    const line = before.split("\n").length;
    const start = before.lastIndexOf("\n") + 1;
    const code = text.slice(start).split("\n", 1)[0]!.trim();
    const from = oneLine(text.slice(edit.from, edit.to));
    const to = edit.text.startsWith("return; ") ? `return; ${from}` : oneLine(edit.text);
    return { file, line, code, change: `${from} -> ${to}`, edit };
  }).sort((a, b) => a.edit.from - b.edit.from || a.edit.to - b.edit.to);
}

/** The text with the mutant in it. */
export function plant(text: string, { from, to, text: replacement }: Edit): string {
  return text.slice(0, from) + replacement + text.slice(to);
}

/** A sample of the mutants in their order, the same for the same seed. */
export function sampleOf<T>(mutants: readonly T[], count: number, seed: number): T[] {
  const random = new SeededRandom(seed, "mutants");
  const places = mutants.map((_, place) => place);
  for (let at = 0; at < Math.min(count, places.length); at++) {
    const other = random.between(at, places.length - 1);
    [places[at], places[other]] = [places[other]!, places[at]!];
  }
  return places.slice(0, count).sort((a, b) => a - b).map((place) => mutants[place]!);
}

/** The lines that a `git diff --unified=0` adds or changes, by file. */
export function changedLines(diff: string): Map<string, Set<number>> {
  const changed = new Map<string, Set<number>>();
  let lines = new Set<number>();
  for (const line of diff.split("\n")) {
    const file = /^\+\+\+ b\/(.*)$/.exec(line)?.[1];
    if (file !== undefined) changed.set(file, lines = new Set());
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null) continue;
    const count = Number(hunk[2] ?? "1");
    for (let at = 0; at < count; at++) lines.add(Number(hunk[1]) + at);
  }
  return changed;
}

/** Tests away from the code that run much of it, the nearest and quickest first. */
const CATCH_ALLS: readonly (readonly [folder: string, tests: readonly string[]])[] = [
  ["raft/storage/", ["tests/storage/", "tests/sim/", "tests/swarm/"]],
  ["raft/", ["tests/scripts/", "tests/sim/", "tests/scenarios/", "tests/swarm/"]],
  ["kv/", ["tests/lab/", "tests/scenarios/", "tests/swarm/"]],
  ["net/", ["tests/lab/", "tests/long/commands/protocol_test.ts", "tests/long/process_test.ts"]],
  ["cli/", ["tests/commands/", "tests/long/"]],
];

/** Tests that say nothing about a mutant: they look at the source text, or take minutes. */
const NOT_RUN = /^tests\/(?:tidy|canaries|std)\/|executable_test|bench/;

/** Tests to run together. */
export interface Stage {
  /** What they have in common; stages of one name take about as long. */
  readonly name: string;
  readonly tests: readonly string[];
}

/**
 * The tests to run on a mutant of the file, in stages; the first that fails ends it. First the test
 * beside the file, then those that import it, its folder, its room, and what runs everything.
 */
export function stagesOf(file: string, tests: readonly SourceFile[]): Stage[] {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const room = file.slice(0, file.indexOf("/") + 1);
  const wanted: (readonly [name: string, belongs: (test: SourceFile) => boolean])[] = [
    [file.replace(/\.ts$/, "_test.ts"), ({ path }) => path === file.replace(/\.ts$/, "_test.ts")],
    [`imports ${file}`, (test) => doesImport(test, file)],
  ];
  const others = CATCH_ALLS.find(([prefix]) => file.startsWith(prefix))?.[1] ?? [];
  for (const prefix of [folder, room, ...others]) {
    if (prefix !== "") wanted.push([prefix, ({ path }) => path.startsWith(prefix)]);
  }
  const left = new Set(tests.filter(({ path }) => !NOT_RUN.test(path)));
  const stages = wanted.map(([name, belongs]) => {
    const stage = [...left].filter(belongs);
    for (const test of stage) left.delete(test);
    return { name, tests: stage.map(({ path }) => path) };
  });
  return stages.filter((stage) => stage.tests.length > 0);
}

function doesImport({ path, text }: SourceFile, file: string): boolean {
  const specifiers = text.matchAll(/ from "(?<specifier>\.[^"]+)";$/gm);
  const root = "file:///";
  return [...specifiers].some(({ groups }) =>
    new URL(groups!["specifier"]!, root + path).href === root + file
  );
}

/** Why the mutant may survive; `null`: a test must notice it. */
export function reasonFor(mutant: Mutant, accepted: readonly Accepted[]): string | null {
  const entry = accepted.find(({ file, code, change }) =>
    file === mutant.file && code === mutant.code && change === mutant.change
  );
  return entry?.reason ?? null;
}

/** The files of the tests that failed, as `deno test` names them at the end of its output. */
export function failedFiles(output: string): string[] {
  const lines = output.matchAll(/ => \.\/(?<file>\S+_test\.ts):\d+:\d+$/gm);
  return [...new Set([...lines].map(({ groups }) => groups!["file"]!))];
}

/** Whether a run of tests failed because the mutant does not load: then it says nothing. */
export function isStumble(output: string): boolean {
  return /\bSyntaxError\b|Module not found|The module's source code could not be parsed/
    .test(output);
}

/** The share of what was killed, for people. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "none" : `${(100 * part / whole).toFixed(1)} %`;
}
