/**
 * `check FILE`: reads a history, judges it, and says why. For our own histories and for those of
 * other systems. The words are made by pure functions; only the last lines touch the world.
 *
 * Invariant: "unknown" is printed as such, is counted, and has its own exit code.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type HistoryFile, parseHistory } from "./history.ts";
import { check, type CheckResult, type Verdict } from "./linearizability.ts";
import { timelinePage } from "./timeline.ts";

/** The world of the command. */
export interface CheckWorld {
  readTextFile(path: string): Promise<string>;
  writeTextFile(path: string, text: string): Promise<void>;
  /** Milliseconds from any origin. */
  now(): number;
  print(line: string): void;
  printError(line: string): void;
}

/** How the process ends for each verdict. Wrong usage and unreadable input end with 2. */
export const checkExitCodes: Readonly<Record<Verdict | "usage", number>> = {
  ok: 0,
  illegal: 1,
  usage: 2,
  unknown: 3,
};

const USAGE = `Usage: check FILE [--timeline out.html] [--deadline MS] [--json]

Decides whether a history (JSON lines, see docs/testing.md) is linearizable.

  --timeline FILE   write the history as a page to look at
  --deadline MS     give up after this time; what is then open is "unknown" (default: 60000)
  --json            print the whole result as one JSON value

Exit codes: 0 linearizable, 1 not linearizable, 2 wrong usage or input, 3 unknown`;

/** Runs the command with its arguments; returns the exit code. */
export async function checkCommand(args: readonly string[], world: CheckWorld): Promise<number> {
  const options = readOptions(args);
  if (options === "help") {
    world.print(USAGE);
    return 0;
  }
  if (typeof options === "string") {
    world.printError(`${options}\n\n${USAGE}`);
    return checkExitCodes.usage;
  }
  const { path, timelinePath, deadlineMs, isJson } = options;
  try {
    const file = parseHistory(await world.readTextFile(path));
    const start = world.now();
    const result = check(file.model.model, file.operations, {
      now: () => world.now(),
      deadline: start + deadlineMs,
    });
    if (timelinePath !== null) {
      await world.writeTextFile(
        timelinePath,
        timelinePage({ ...file, model: file.model.model }, result),
      );
    }
    world.print(
      isJson ? JSON.stringify(result) : describeResult(file, result, world.now() - start),
    );
    return checkExitCodes[result.verdict];
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Deno.errors.NotFound)) throw error;
    world.printError(`${path}: ${error.message}`);
    return checkExitCodes.usage;
  }
}

interface CheckCommandOptions {
  readonly path: string;
  readonly timelinePath: string | null;
  readonly deadlineMs: number;
  readonly isJson: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): CheckCommandOptions | string {
  let unknown: string | null = null;
  const parsed = parseArgs([...args], {
    string: ["timeline", "deadline"],
    boolean: ["json", "help"],
    unknown: (name) => {
      if (name.startsWith("-")) unknown ??= name;
    },
  });
  if (parsed.help) return "help";
  if (unknown !== null) return `Cannot check: wanted a known option, got ${unknown}`;
  const [path, ...rest] = parsed._;
  if (path === undefined || rest.length > 0) {
    return `Cannot check: wanted one file, got ${parsed._.length}`;
  }
  const deadlineMs = Number(parsed.deadline ?? "60000");
  if (!(deadlineMs >= 0) || parsed.deadline === "") {
    return `Cannot check: wanted --deadline in milliseconds, got "${parsed.deadline}"`;
  }
  if (parsed.timeline === "") return "Cannot check: wanted a file after --timeline, got none";
  return {
    path: String(path),
    timelinePath: parsed.timeline ?? null,
    deadlineMs,
    isJson: parsed.json === true,
  };
}

/** The result in sentences. */
export function describeResult(file: HistoryFile, result: CheckResult, elapsedMs: number): string {
  const { model } = file.model;
  const count = (verdict: Verdict): number =>
    result.partitions.filter((partition) => partition.verdict === verdict).length;
  const lines = [
    `${
      VERDICT_WORDS[result.verdict]
    }: ${result.operations} operations on ${result.partitions.length} ` +
    `keys, model ${model.name}, ${result.steps} steps, ${Math.round(elapsedMs)} ms`,
    `keys: ${count("ok")} ok, ${count("illegal")} illegal, ${count("unknown")} unknown`,
  ];
  const { failure } = result;
  if (failure === null) return lines.join("\n");
  const describe = (place: number): string => {
    const { client, call, return: end, input, output } = file.operations[place]!;
    const mark = place === failure.culprit ? "✗" : " ";
    return `  ${mark} client ${client}  [${call}, ${end ?? "…"}]  ${model.describe(input, output)}`;
  };
  lines.push(
    "",
    `The smallest failing part, on key ${JSON.stringify(failure.key)}:`,
    `  possible before it: ${failure.start.join(" or ")}`,
    ...failure.operations.map(describe),
  );
  if (failure.optional.length > 0) {
    lines.push("  and, whether they took effect or not:", ...failure.optional.map(describe));
  }
  return lines.join("\n");
}

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  ok: "ok, linearizable",
  illegal: "ILLEGAL, not linearizable",
  unknown: "UNKNOWN, the deadline came before an answer",
};

if (import.meta.main) {
  Deno.exitCode = await checkCommand(Deno.args, {
    readTextFile: (path) => Deno.readTextFile(path),
    writeTextFile: (path, text) => Deno.writeTextFile(path, text),
    now: () => performance.now(),
    print: (line) => console.log(line),
    printError: (line) => console.error(line),
  });
}
