/**
 * `kontiki test` from outside: its output and exit codes, and that seeds give the same results in
 * several processes as in one.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Ended, runCommand } from "../helpers/commands.ts";

function lab(...args: string[]): Promise<Ended> {
  return runCommand(["test", ...args]);
}

/** The results of all runs in order, one line of JSON for each, without the time it took. */
async function runs(...args: string[]): Promise<readonly unknown[]> {
  const { out } = await lab(...args, "--json");
  const results = out.trim().split("\n").map((line) => JSON.parse(line));
  return results.map(({ wallMs: _wallMs, usage: _usage, ...rest }) => rest)
    .sort((one, other) => one.seed - other.seed);
}

Deno.test("lab prints the lab's lines and ends with 0 when a scenario passes", async () => {
  const { code, out } = await lab("TestBasicAgree3B", "--seed", "3");
  assertEquals(code, 0);
  const [opening, closing, summary] = out.split("\n");
  assertEquals(opening, "Test (3B): basic agreement (reliable network)...");
  const wanted =
    /^ {2}\.\.\. Passed -- {2}time +\d+\.\ds #peers 3 #RPCs +\d+ #Ops +0 #bytes +\d+ #commits +3$/;
  assert(wanted.test(closing ?? ""), closing);
  assert(summary?.startsWith("ok: 1 runs, 0 failed"), summary);
});

Deno.test("lab gives the same results for the same seeds, in one process and in two", async () => {
  const seeds = ["TestReElection3A", "--seed", "11", "--seeds", "20"];
  const alone = await runs(...seeds);
  assertEquals(alone.length, 20);
  assertEquals(await runs(...seeds, "--jobs", "2"), alone);
});

Deno.test("lab ends with 2 when the command line is wrong", async () => {
  const cases: readonly (readonly [string[], string])[] = [
    [["no such scenario"], "Cannot find a scenario"],
    [["3A", "--seeds", "0"], 'Cannot read --seeds: wanted a whole number of at least 1, got "0"'],
    [["3A", "--seed", "x"], "Cannot read --seed"],
    [["3A", "--colour"], '"kontiki test" has no such flag'],
  ];
  for (const [args, message] of cases) {
    const { code, error } = await lab(...args);
    assertEquals(code, 2);
    assert(error.includes(message), error);
  }
});
