/**
 * The check command: its words, its exit codes, and what it does with wrong input.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkCommand } from "./check_command.ts";

const HEADER = `{"history":1,"model":"register","title":"a title"}\n`;
const write = (value: number, call: number, end: number): string =>
  `{"client":${value},"call":${call},"return":${end},"input":{"op":"write","key":"x","value":${value}},"output":{}}\n`;
const read = (value: number, call: number, end: number): string =>
  `{"client":9,"call":${call},"return":${end},"input":{"op":"read","key":"x"},"output":{"value":${value}}}\n`;

const OK = HEADER + write(1, 0, 1) + read(1, 2, 3);
const ILLEGAL = HEADER + write(1, 0, 1) + write(2, 2, 3) + read(1, 4, 5);
const HARD = HEADER + Array.from({ length: 30 }, (_, n) => write(n, 0, 1)).join("") +
  read(-1, 2, 3);

async function run(text: string, ...args: string[]): Promise<{
  readonly code: number;
  readonly out: string;
  readonly errors: string;
  readonly files: ReadonlyMap<string, string>;
}> {
  let [out, errors, time] = ["", "", 0];
  const files = new Map([["in.jsonl", text]]);
  const code = await checkCommand(args.length === 0 ? ["in.jsonl"] : args, {
    readTextFile: (path) => {
      const found = files.get(path);
      return found === undefined
        ? Promise.reject(new Deno.errors.NotFound("no such file"))
        : Promise.resolve(found);
    },
    writeTextFile: (path, text) => {
      files.set(path, text);
      return Promise.resolve();
    },
    now: () => time++,
    print: (line) => out += line,
    printError: (line) => errors += line,
  });
  return { code, out, errors, files };
}

Deno.test("checkCommand ends with 0 when the history is linearizable", async () => {
  const { code, out, errors } = await run(OK);
  assertEquals([code, errors], [0, ""]);
  assertStringIncludes(out, "ok, linearizable: 2 operations");
  assertStringIncludes(out, "1 ok, 0 illegal, 0 unknown");
});

Deno.test("checkCommand ends with 1 and gives the reason when the history is illegal", async () => {
  const { code, out } = await run(ILLEGAL);
  assertEquals(code, 1);
  assertStringIncludes(out, "ILLEGAL");
  assertStringIncludes(out, "possible before it: 2");
  assertStringIncludes(out, "✗ client 9  [4, 5]  read x → 1");
});

Deno.test("checkCommand ends with 3 and says so when the deadline comes first", async () => {
  const { code, out } = await run(HARD, "in.jsonl", "--deadline", "3");
  assertEquals(code, 3);
  assertMatch(out, /^UNKNOWN.*\n.*0 ok, 0 illegal, 1 unknown$/);
});

Deno.test("checkCommand ends with 2 when usage or input is wrong", async () => {
  const cases: [string[], string][] = [
    [["--color"], "wanted a known option, got --color"],
    [["a", "b"], "wanted one file, got 2"],
    [["--json"], "wanted one file, got 0"],
    [["in.jsonl", "--deadline", "soon"], `wanted --deadline in milliseconds, got "soon"`],
    [["in.jsonl", "--deadline=-1"], "wanted --deadline in milliseconds"],
    [["in.jsonl", "--timeline="], "wanted a file after --timeline, got none"],
    [["missing.jsonl"], "missing.jsonl: no such file"],
  ];
  for (const [args, message] of cases) {
    const { code, out, errors } = await run(OK, ...args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertStringIncludes(errors, message);
  }
  const { code, errors } = await run(OK.replace('"op":"read"', '"op":"peek"'));
  assertEquals(code, 2);
  assertStringIncludes(errors, "in.jsonl: Cannot read history: line 3, field input.op");
});

Deno.test("checkCommand writes the page and the result as JSON when asked", async () => {
  const { code, out, files } = await run(ILLEGAL, "--json", "in.jsonl", "--timeline", "out.html");
  assertEquals(code, 1);
  assertEquals(JSON.parse(out).verdict, "illegal");
  assertStringIncludes(files.get("out.html")!, "<h1>a title</h1>");
});

Deno.test("checkCommand prints its usage when asked for help", async () => {
  const { code, out } = await run(OK, "--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "Usage: check FILE");
});
