/**
 * The house rules that concern the project as a whole: lengths of files, tests beside the code, files
 * that nothing leads to. Rules of one file are in `house_rules.ts`, those of the imports in `graph.ts`.
 *
 * @module
 */

import { isTest } from "./house_rules.ts";
import type { Import } from "./imports.ts";
import type { SourceFile } from "./project_files.ts";

/** One broken rule. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** An exception from a rule. The list may shrink but must not grow. */
export interface Allowance {
  /**
   * Files of the product longer than the soft limit, and any file longer than the hard one, with
   * their greatest length: a ratchet, so never far above what they have.
   */
  readonly fileLines: Readonly<Record<string, number>>;
  /** Files without a test beside them, and the test that covers them instead. */
  readonly testedBy: Readonly<Record<string, string>>;
}

/** The project: its files, and how they lead to each other. */
export interface Project {
  readonly files: readonly SourceFile[];
  readonly imports: readonly Import[];
  /** Where users of the product come in, and the doors of its folders. */
  readonly faces: readonly string[];
}

/** Tests and tools are lists more often than arguments: for them the hard limit counts. */
const FILE_LINES_SOFT = 300;
const FILE_LINES_HARD = 500;
/** How much shorter than its number a file may get before the number must follow. */
const RATCHET_LINES = 25;

const HOME_OF_ALLOWANCES = "tests/tidy/tidy_test.ts";

/** Every rule on the whole project. */
export function checkTidy(project: Project, allowance: Allowance): Violation[] {
  return [
    ...project.files.flatMap((file) => checkLength(file, allowance)),
    ...checkTests(project.files, allowance),
    ...checkReachable(project),
  ];
}

/** One line for people. */
export function describeViolation({ path, line, rule, message }: Violation): string {
  return `${path}:${line}: ${rule}: ${message}`;
}

/** Lines of a file, without the empty end behind the last newline and without examples. */
function linesOf(text: string): number {
  const rest = text.replaceAll(/(?:\n \*)?\n \* @example[^]*?(?=\n \* @|\n \*\/)/g, "");
  return rest.split("\n").length - (rest.endsWith("\n") ? 1 : 0);
}

function checkLength({ path, text }: SourceFile, { fileLines }: Allowance): Violation[] {
  const lines = linesOf(text);
  const usual = isTest(path) ? FILE_LINES_HARD : FILE_LINES_SOFT;
  const limit = fileLines[path] ?? usual;
  const broken = (line: number, message: string): Violation[] => [
    { path, line, rule: "file length", message },
  ];
  if (lines > limit) return broken(limit + 1, `wanted at most ${limit} lines, got ${lines}`);
  if (fileLines[path] === undefined) return [];
  const where = `"${path}": ${limit} in ${HOME_OF_ALLOWANCES}`;
  if (lines <= usual) return broken(1, `has ${lines} lines: take out ${where}`);
  return lines < limit - RATCHET_LINES ? broken(1, `has ${lines} lines: lower ${where}`) : [];
}

/** Whether a file holds code that runs. */
const RUNS = /^(?:export )?(?:abstract |async )?(?:class|function)\b|^(?:export )?const [^;]*=>/m;

/** Every file of a pure folder that holds more than types has a test beside it. */
function checkTests(files: readonly SourceFile[], { testedBy }: Allowance): Violation[] {
  const paths = new Set(files.map(({ path }) => path));
  const broken = (path: string, message: string): Violation[] => [
    { path, line: 1, rule: "tested", message },
  ];
  const missing = files.flatMap(({ path, text }) => {
    if (!/^(?:raft|kv)\//.test(path) || isTest(path) || path.endsWith("/mod.ts")) return [];
    if (!RUNS.test(text)) return [];
    const test = testedBy[path] ?? path.replace(/\.ts$/, "_test.ts");
    return paths.has(test) ? [] : broken(path, `wanted ${test}, got no such file`);
  });
  const idle = Object.keys(testedBy).flatMap((path) => {
    if (paths.has(path) && !paths.has(path.replace(/\.ts$/, "_test.ts"))) return [];
    return broken(path, `take out "${path}" of testedBy in ${HOME_OF_ALLOWANCES}`);
  });
  return [...missing, ...idle];
}

/** The product is what its faces lead to; the rest must be led to by a test or a tool. */
function checkReachable({ files, imports, faces }: Project): Violation[] {
  const paths = files.map(({ path }) => path);
  const roots = paths.filter((path) => !/^tests\/.*(?<!_test|_bench)\.ts$/.test(path));
  const product = reach(imports, faces);
  const all = reach(imports, roots);
  return paths.flatMap((path) => {
    if ((isTest(path) ? all : product).has(path)) return [];
    const what = isTest(path)
      ? "a test or a tool"
      : "cli/main.ts, a mod.ts or an entry of deno.json";
    return [{ path, line: 1, rule: "reachable", message: `wanted ${what} to lead here` }];
  });
}

function reach(imports: readonly Import[], roots: readonly string[]): Set<string> {
  const byPath = Map.groupBy(imports, ({ path }) => path);
  const reached = new Set(roots);
  for (const path of reached) {
    for (const { target } of byPath.get(path) ?? []) reached.add(target);
  }
  return reached;
}
