/**
 * The house rules that a machine can check. Each rule looks at text and returns what breaks it, with
 * file, line and rule; which files there are and which excess is allowed is the caller's to say.
 *
 * @module
 */

import { blocksOf, importsOf, lineAt, maskCode, type SourceFile, targetOf } from "./source_text.ts";

/** One broken rule. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

/** What is allowed although a rule is against it. May shrink; must not grow. */
export interface Allowance {
  /**
   * Files of the product longer than the soft limit, and any file longer than the hard one, with
   * their greatest length: a ratchet, so never far above what they have.
   */
  readonly fileLines: Readonly<Record<string, number>>;
  /** Functions longer than the limit: `path#line of code that opens it`, with the greatest length. */
  readonly functionLines: Readonly<Record<string, number>>;
  /** Files besides the test commands that import `tests/`. */
  readonly importsTests: readonly string[];
  /** Files that nothing leads to yet. */
  readonly unreached: readonly string[];
  /** Files without a test beside them, and the test that covers them instead. */
  readonly testedBy: Readonly<Record<string, string>>;
}

/** The rule that each list is an exception to. */
const ALLOWED_RULES: Readonly<Record<keyof Allowance, string>> = {
  fileLines: "file length",
  functionLines: "function length",
  importsTests: "import direction",
  unreached: "reachable",
  testedBy: "tested",
};

const NOTHING: Allowance = {
  fileLines: {},
  functionLines: {},
  importsTests: [],
  unreached: [],
  testedBy: {},
};

/** Tests and tools are lists more often than arguments: for them the hard limit counts. */
const FILE_LINES_SOFT = 300;
const FILE_LINES_HARD = 500;
const FUNCTION_LINES = 70;
/** How much shorter than its number a file may get before the number must follow. */
const RATCHET_LINES = 25;

/** Who may import whom. A folder not listed is free. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  raft: [],
  kv: ["raft"],
  net: ["raft"],
  cli: ["raft", "kv", "net"],
};

/** The commands that run tests, and what they alone use. */
const TEST_COMMANDS = /^cli\/trials\//;

const PACKAGES = /^@std\/(assert|cli|log|msgpack|path)(\/[a-z-]+)?$/;

/** Folders and files that may touch the world. */
const ADAPTERS = [
  "raft/storage/deno_files.ts",
  "raft/system_clock.ts",
  "net/",
  "cli/",
  "tests/",
  "tools/",
];

const WORLD: readonly (readonly [RegExp, string])[] = [
  [/\bDeno\s*\.\s*\w+/, "the system"],
  [/\b(?:setTimeout|setInterval|setImmediate)\b/, "a timer"],
  [/(?<![\w.#])(?:Date\b(?!\s*[:,;)])|performance\s*\.)/, "the time"],
  [/\bMath\s*\.\s*random\b/, "chance"],
  [/(?<![\w.#])crypto\s*\./, "chance"],
  [/(?<![\w.#])console\s*\./, "the console"],
  [/(?<![\w.#])(?:fetch|WebSocket|Worker)\s*\(/, "the network or another thread"],
];

const WORLD_MODULES = /^node:(?!(?:assert|buffer|util|zlib)$)/;

/** Where messages and what is stored are described. */
const WIRE_FILES = [
  "raft/core/types.ts",
  "raft/message.ts",
  "kv/store/command.ts",
  "net/wire/codec.ts",
];

/** Every rule on every file. */
export function checkTidy(files: readonly SourceFile[], allowance: Allowance): Violation[] {
  const violations = checkRules(files, allowance);
  violations.push(...checkAllowance(files, allowance));
  return violations.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

function checkRules(files: readonly SourceFile[], allowance: Allowance): Violation[] {
  return [
    ...files.flatMap((file) => checkFile(file, allowance)),
    ...checkTests(files, allowance),
    ...checkReachable(files, allowance),
  ];
}

/** One line for people. */
export function describeViolation({ path, line, rule, message }: Violation): string {
  return `${path}:${line}: ${rule}: ${message}`;
}

interface Checked {
  readonly file: SourceFile;
  readonly masked: string;
  readonly allowance: Allowance;
}

function checkFile(file: SourceFile, allowance: Allowance): Violation[] {
  const masked = maskCode(file.text);
  return [
    ...checkComment(file),
    ...checkMarks(file, masked),
    ...checkImports({ file, masked, allowance }),
    ...checkWorld(file, masked),
    ...checkLength(file, allowance),
    ...checkFunctions({ file, masked, allowance }),
    ...checkWire(file, masked),
  ];
}

function isTest(path: string): boolean {
  return path.startsWith("tests/") || path.startsWith("tools/") || /_(test|bench)\.ts$/.test(path);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function checkComment({ path, text }: SourceFile): Violation[] {
  const comment = /^(?:#!.*\n)?\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "";
  if (/@module(?:\n| \*\/)/.test(comment)) return [];
  const message = "wanted a comment with @module at the top, got none";
  return [{ path, line: 1, rule: "module comment", message }];
}

/** Words that promise work, and comments that switch a check off for more than one line. */
function checkMarks({ path, text }: SourceFile, masked: string): Violation[] {
  const marks: readonly (readonly [string, RegExp, string])[] = [
    ["no promises", new RegExp(`\\b(?:${"TO"}DO|${"FIX"}ME|${"XX"}X)\\b`, "g"), text],
    ["no blanket", new RegExp(`deno-lint-ignore-${"file"}|@ts-${"(?:nocheck|ignore)"}`, "g"), text],
    ["no test left out", /\bDeno\s*\.\s*test\s*\.\s*(?:only|ignore)\b|\bonly:\s*true/g, masked],
    ["no test left out", /\bignore:(?!.*\/\/ ?\w)/g, maskStrings(text)],
  ];
  return marks.flatMap(([rule, pattern, where]) =>
    [...where.matchAll(pattern)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      rule,
      message: `got ${text.slice(match.index, match.index + match[0].length)}`,
    }))
  );
}

/** Strings blank, comments as they are. */
function maskStrings(text: string): string {
  return text.replaceAll(
    /"(?:[^"\\\n]|\\.)*"|`[^`]*`/g,
    (found) => found.replaceAll(/[^\n]/g, " "),
  );
}

function checkImports({ file, masked, allowance }: Checked): Violation[] {
  const { path } = file;
  return importsOf(file, masked).flatMap(({ specifier, line }) => {
    const message = specifier.startsWith(".")
      ? refuseTarget(path, { target: targetOf(path, specifier), allowance })
      : refusePackage(path, specifier);
    return message === null ? [] : [{ path, line, rule: "import direction", message }];
  });
}

function refuseTarget(
  path: string,
  { target, allowance }: { readonly target: string; readonly allowance: Allowance },
): string | null {
  const from = folderOf(path);
  const to = folderOf(target);
  const allowed = DIRECTIONS[from];
  if (from === to || isTest(path) || target === "deno.json") return null;
  if (to === "tests" && (TEST_COMMANDS.test(path) || allowance.importsTests.includes(path))) {
    return null;
  }
  if (allowed !== undefined && !allowed.includes(to)) {
    const wanted = allowed.length === 0 ? "nothing of ours" : allowed.join(", ");
    return `${from} may import ${wanted}, got ${target}`;
  }
  if (to === "" || target.endsWith("/mod.ts")) return null;
  return `wanted ${to}/mod.ts, got ${target}`;
}

function refusePackage(path: string, specifier: string): string | null {
  if (specifier.startsWith("node:")) return null;
  if (!PACKAGES.test(specifier)) return `wanted one of the five std packages, got ${specifier}`;
  if (specifier.startsWith("@std/assert") && !isTest(path)) return `${specifier} is for tests`;
  return null;
}

function checkWorld(file: SourceFile, masked: string): Violation[] {
  const { path, text } = file;
  const isAdapter = isTest(path) || ADAPTERS.some((name) => path === name || isUnder(path, name));
  if (isAdapter) return [];
  const rule = "adapters only";
  const found = WORLD.flatMap(([pattern, what]) =>
    [...masked.matchAll(new RegExp(pattern, "g"))].map((match) => ({
      path,
      line: lineAt(text, match.index),
      rule,
      message: `${match[0]} is ${what}, which only adapters touch`,
    }))
  );
  const imports = importsOf(file, masked).filter(({ specifier }) => WORLD_MODULES.test(specifier));
  const imported = imports.map(({ specifier, line }) => ({
    path,
    line,
    rule,
    message: `${specifier} is for adapters`,
  }));
  return [...found, ...imported];
}

function isUnder(path: string, folder: string): boolean {
  return folder.endsWith("/") && path.startsWith(folder);
}

/** Lines of a file, without the empty end behind the last newline. */
function linesOf(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

function softLimit(path: string): number {
  return isTest(path) ? FILE_LINES_HARD : FILE_LINES_SOFT;
}

function checkLength({ path, text }: SourceFile, { fileLines }: Allowance): Violation[] {
  const lines = linesOf(text);
  const limit = fileLines[path] ?? softLimit(path);
  if (lines <= limit) return [];
  const message = `wanted at most ${limit} lines, got ${lines}`;
  return [{ path, line: limit + 1, rule: "file length", message }];
}

function checkFunctions({ file: { path }, masked, allowance }: Checked): Violation[] {
  return blocksOf(masked).flatMap(({ head, firstLine, lines }) => {
    const limit = allowance.functionLines[`${path}#${nameOf(head)}`] ?? FUNCTION_LINES;
    if (lines <= limit || !isFunction(head)) return [];
    const message = `${nameOf(head)}: wanted at most ${limit} lines, got ${lines}`;
    return [{ path, line: firstLine, rule: "function length", message }];
  });
}

/** Whether the code before a brace opens a function and no class, loop, type or object. */
function isFunction(head: string): boolean {
  if (
    /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface|enum)\b/.test(head)
  ) {
    return false;
  }
  if (/(?:^|\b)(?:if|for|while|switch|catch|with)\s*\([\s\S]*\)$/.test(head)) return false;
  return /=>$|\)$|\)\s*:\s*[^=]+$/.test(head);
}

function nameOf(head: string): string {
  const name = /(?:function\*?\s+|const\s+|let\s+)(#?\w+)/.exec(head)?.[1] ??
    /(#?\w+)\s*(?:<[^(]*>)?\(/.exec(head)?.[1];
  return name ?? "function";
}

/** A missing value on the wire is `null`: what is left out in one version means nothing later. */
function checkWire({ path, text }: SourceFile, masked: string): Violation[] {
  if (!WIRE_FILES.includes(path)) return [];
  const types = /^(?:export )?(?:interface \w+[^{]*\{[\s\S]*?^\}|type \w+[\s\S]*?;$)/gm;
  return [...masked.matchAll(types)].flatMap((type) =>
    [...type[0].matchAll(/\bundefined\b|\w\?:/g)].map((match) => ({
      path,
      line: lineAt(text, type.index + match.index),
      rule: "wire types",
      message: `wanted null for what is missing, got ${match[0]}`,
    }))
  );
}

/** Whether a file holds code that runs. */
const RUNS = /^(?:export )?(?:abstract |async )?(?:class|function)\b|^(?:export )?const [^;]*=>/m;

/** Every file of a pure folder that holds more than types has a test beside it. */
function checkTests(files: readonly SourceFile[], { testedBy }: Allowance): Violation[] {
  const paths = new Set(files.map(({ path }) => path));
  return files.flatMap(({ path, text }) => {
    if (!/^(?:raft|kv)\//.test(path) || isTest(path) || path.endsWith("/mod.ts")) return [];
    if (!RUNS.test(maskCode(text))) return [];
    const test = testedBy[path] ?? path.replace(/\.ts$/, "_test.ts");
    if (paths.has(test)) return [];
    return [{ path, line: 1, rule: "tested", message: `wanted ${test}, got no such file` }];
  });
}

/** The product is what its faces lead to; the rest must be led to by a test or a tool. */
function checkReachable(files: readonly SourceFile[], { unreached }: Allowance): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const faces = files.filter(({ path }) => /^(?:\w+\/)*mod\.ts$|^cli\/main\.ts$/.test(path));
  const roots = files.filter(({ path }) => !/^tests\/.*(?<!_test|_bench)\.ts$/.test(path));
  const product = reach(byPath, faces.map(({ path }) => path));
  const all = reach(byPath, roots.map(({ path }) => path));
  return files.flatMap(({ path }) => {
    if (path.startsWith("cli/") && !byPath.has("cli/main.ts")) return [];
    const from = isTest(path) ? all : product;
    const what = isTest(path) ? "a test or a tool" : "a mod.ts or cli/main.ts";
    if (from.has(path) || unreached.includes(path)) return [];
    return [{ path, line: 1, rule: "reachable", message: `wanted ${what} to lead here` }];
  });
}

function reach(files: ReadonlyMap<string, SourceFile>, roots: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const open = [...roots];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = files.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    const imports = importsOf(file, maskCode(file.text));
    const own = imports.filter(({ specifier }) => specifier.startsWith("."));
    open.push(...own.map(({ specifier }) => targetOf(file.path, specifier)));
  }
  return reached;
}

/** An allowance that is no longer needed must go, or it would let the excess come back. */
function checkAllowance(files: readonly SourceFile[], allowance: Allowance): Violation[] {
  const lines = new Map(files.map(({ path, text }) => [path, linesOf(text)]));
  const loose = Object.entries(allowance.fileLines).flatMap(([path, allowed]) => {
    const has = lines.get(path) ?? 0;
    return has > softLimit(path) && has < allowed - RATCHET_LINES
      ? [stale(path, `allows ${allowed} lines, has ${has}: lower the number`)]
      : [];
  });
  const excess = checkRules(files, NOTHING);
  const idle = (Object.keys(ALLOWED_RULES) as (keyof Allowance)[]).flatMap((list) => {
    const entries = allowance[list];
    const names = Array.isArray(entries) ? entries as string[] : Object.keys(entries);
    return names.filter((name) => {
      const [path, part = ""] = name.split("#");
      return !excess.some((one) =>
        one.path === path && one.rule === ALLOWED_RULES[list] && one.message.startsWith(part)
      );
    });
  });
  const needless = idle.map((name) =>
    stale(name.replace(/#.*/, ""), `${name} is no longer needed: take it out of the list`)
  );
  return [...loose, ...needless];
}

function stale(path: string, message: string): Violation {
  return { path, line: 1, rule: "allowance", message };
}
