/**
 * Tests of `kontiki check`: its output, exit codes and errors.
 *
 * @module
 */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { run as runCheck } from "./check_command.ts";
import type { Ending } from "../table/command.ts";
import { CommandError, UsageError } from "../table/errors.ts";
import { check as row } from "../rows/trials.ts";
import { parseCommand } from "../table/options.ts";
import { Output } from "../table/output.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";

const HEADER = `{"history":1,"model":"register","title":"a title"}\n`;
const write = (value: number, call: number, end: number): string =>
  `{"client":${value},"call":${call},"return":${end},"input":{"op":"write","key":"x","value":${value}},"output":{}}\n`;
const read = (value: number, call: number, end: number): string =>
  `{"client":9,"call":${call},"return":${end},"input":{"op":"read","key":"x"},"output":{"value":${value}}}\n`;

const OK = HEADER + write(1, 0, 1) + read(1, 2, 3);
const ILLEGAL = HEADER + write(1, 0, 1) + write(2, 2, 3) + read(1, 4, 5);
const HARD = HEADER + Array.from({ length: 30 }, (_, n) => write(n, 0, 1)).join("") +
  read(-1, 2, 3);

interface Ended {
  readonly ending: Ending;
  readonly out: string;
  readonly page: string | null;
}

/** Checks a history from a file; `PAGE` among the flags stands for a path for the page. */
async function check(text: string, ...flags: readonly string[]): Promise<Ended> {
  return await withFolder(async (folder) => {
    const [path, page] = [`${folder}/in.jsonl`, `${folder}/out.html`];
    await Deno.writeTextFile(path, text);
    const words = [path, ...flags.map((flag) => flag === "PAGE" ? page : flag)];
    const invocation = parseCommand(words, { command: row, environment: () => undefined });
    if (invocation.kind !== "run") throw new Error("wanted a command to run, got help");
    let out = "";
    const output = new Output({
      writeOut: (bytes) => out += new TextDecoder().decode(bytes),
      writeError: () => {},
      ...{ isTerminal: false, isErrorTerminal: false, isColorWanted: false },
      isJson: flags.includes("--json"),
    });
    const { signal } = new AbortController();
    const ending = await runCheck({ ...invocation, output, signal, shellCommands: [] });
    return { ending, out, page: flags.includes("PAGE") ? await Deno.readTextFile(page) : null };
  });
}

Deno.test("check judges histories of batches, in words and as JSON", async () => {
  const put = (revision: number, version: number): string =>
    `{"client":1,"call":${revision},"return":${revision}.5,` +
    `"input":{"then":[{"op":"put","key":"a","value":"x"}]},` +
    `"output":{"held":true,"revision":${revision},"results":[{"op":"put","version":${version}}]}}\n`;
  const head = `{"history":1,"model":"store"}\n`;
  const ok = await check(head + put(2, 1) + put(3, 2));
  assertEquals([ok.ending, ok.out], ["ok", "ok, strictly serializable: 2 batches\n"]);
  const wrong = await check(head + put(2, 1) + put(3, 1));
  assertEquals(wrong.ending, "failure");
  assertStringIncludes(wrong.out, "ILLEGAL, not strictly serializable:\nwanted ");
  const json = await check(head + put(2, 1), "--json");
  assertEquals(JSON.parse(json.out), { verdict: "ok", operations: 1, violation: null });
  await assertRejects(() => check(head, "--timeline", "PAGE"), UsageError, "wanted no --timeline");
  await assertRejects(() => check(`${head}{"key":"a"}`), CommandError, "line 2, field revision");
});

Deno.test("check succeeds when the history is linearizable", async () => {
  const { ending, out } = await check(OK);
  assertEquals(ending, "ok");
  assertStringIncludes(out, "ok, linearizable: 2 operations");
  assertStringIncludes(out, "1 ok, 0 illegal, 0 unknown");
});

Deno.test("check fails and gives the reason when the history is illegal", async () => {
  const { ending, out } = await check(ILLEGAL);
  assertEquals(ending, "failure");
  assertStringIncludes(out, "ILLEGAL");
  assertStringIncludes(out, "possible before it: 2");
  assertStringIncludes(out, "✗ client 9  [4, 5]  read x → 1");
});

Deno.test("check reports unknown, which is not success, when the time limit passes first", async () => {
  const { ending, out } = await check(HARD, "--timeout", "20ms");
  assertEquals(ending, "unknownOutcome");
  assertMatch(out, /^UNKNOWN.*\n.*0 ok, 0 illegal, 1 unknown\n$/);
});

Deno.test("check names line and field when the file is invalid", async () => {
  const text = OK.replace('"op":"read"', '"op":"peek"');
  const failure = await check(text).catch((error) => error);
  assertEquals([failure instanceof CommandError, failure.reason], [true, "damaged"]);
  assertStringIncludes(failure.message, "in.jsonl: Cannot read history: line 3, field input.op");
});

Deno.test("check writes the page and the result as JSON with the flags for them", async () => {
  const { ending, out, page } = await check(ILLEGAL, "--json", "--timeline", "PAGE");
  assertEquals(ending, "failure");
  assertEquals(JSON.parse(out).verdict, "illegal");
  assertStringIncludes(page!, "<h1>a title</h1>");
});
