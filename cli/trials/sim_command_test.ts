/**
 * Tests of the reports of simulator runs, as text and for other processes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runSwarm, type SwarmResult } from "../../tests/swarm/swarm.ts";
import { failureLines, noTotals, runFuzz, runSim, totalLines } from "./sim_command.ts";

const STUCK: SwarmResult = {
  seed: 7,
  plan: { nodes: 5 },
  outcome: "stuck",
  detail: "no commit\nn1 follower",
  virtualMs: 1500,
  events: 10,
  committed: 1,
  memberChanges: 0,
  load: { proposed: 1, readsAsked: 0, readsConfirmed: 0 },
  recoveryMs: 0,
  hash: "00000000",
  lastLines: ["first", "second"],
};

Deno.test("failureLines contains failure, seed, command to reproduce, and end of the trace", () => {
  assertEquals(failureLines(STUCK, "deno task sim"), [
    "--- STUCK: no commit",
    "    seed 7, after 1.500 s",
    "    again: deno task sim 7 --nodes 5",
    "    to look at: deno task sim 7 --nodes 5 --quiet --page seed-7.html",
    "    n1 follower",
    "    the last 2 lines of its trace:",
    "      first",
    "      second",
  ]);
  assertEquals(failureLines({ ...STUCK, outcome: "passed" }, "deno task sim"), []);
});

Deno.test("runSim prints the seed first, the trace, and a summary with its hash", async () => {
  const lines: string[] = [];
  const request = { seed: 3, print: (line: string) => lines.push(line) };
  assertEquals(await runSim({ ...request, quiet: false }), "passed");
  assertEquals(lines[0], "seed 3");
  assert(lines.length > 500 && lines.some((line) => line.includes(" leader term=")));
  const summary = lines.at(-1)!;
  assert(
    /^passed: [\d.]+ s, \d+ events, \d+ committed, \d+ reads, trace [0-9a-f]{8}$/.test(summary),
  );
  lines.length = 0;
  await runSim({ ...request, quiet: true });
  assertEquals(lines, ["seed 3", summary]);
});

Deno.test("runSim writes a page that has the run's messages, and runs the same with it", async () => {
  const [lines, pages]: [string[], string[]] = [[], []];
  const request = { seed: 3, quiet: true, print: (line: string) => lines.push(line) };
  await runSim(request);
  await runSim({ ...request, writePage: (html) => Promise.resolve(void pages.push(html)) });
  assertEquals(lines.slice(2), lines.slice(0, 2));
  const [, json] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(pages[0]!)!;
  const { nodes, messages, states, failedAt } = JSON.parse(json!);
  assertEquals([nodes.length, states.length, failedAt], [5, 5, null]);
  assert(messages.some(({ x }: { readonly x: number }) => x === 1), "a lost message");
  assert(messages.some(({ x }: { readonly x: number }) => x === 0), "one that arrived");
});

Deno.test("runFuzz runs every n-th seed until the time is up, and sums their results", async () => {
  const lines: string[] = [];
  const outcome = await runFuzz({
    ...{ minutes: 0.005, first: 11, step: 3, jobs: 1, json: true },
    print: (line) => lines.push(line),
  });
  assertEquals(outcome, "passed");
  // On a busy machine one seed takes longer than the pause between two reports.
  const reports = lines.map((line) => JSON.parse(line));
  assert(reports.every(({ totals, failure }) => failure === null && totals.failures === 0));
  const sum = (name: string): number => reports.reduce((sum, { totals }) => sum + totals[name], 0);
  assert(sum("seeds") >= 1 && sum("committed") > 0 && sum("virtualMs") > 1000);
});

Deno.test("runFuzz --members changes the members, and counts in how many seeds", async () => {
  const lines: string[] = [];
  const request = { minutes: 0.005, first: 1, jobs: 1, plan: { members: true }, json: true };
  assertEquals(await runFuzz({ ...request, print: (line) => lines.push(line) }), "passed");
  const all = lines.map((line) => JSON.parse(line).totals);
  const [seeds, changed, changes] = ["seeds", "seedsWithChanges", "memberChanges"].map((name) =>
    all.reduce((sum, totals) => sum + totals[name], 0)
  );
  assert(seeds >= 1 && changed > 0 && changes >= changed, `${seeds} ${changed} ${changes}`);
});

Deno.test("totalLines contains the ratio to real time, in all and per core", () => {
  const totals = { ...noTotals, seeds: 4, virtualMs: 7_200_000, cpuMs: 12_000, events: 12_000_000 };
  const [first, , second] = totalLines(totals, 8_000);
  assert(first!.startsWith("4 seeds, 0 failures"));
  assertEquals(
    second,
    "2.0 simulated hours in 8 s: 900 times real time in all, 600 per core; 1000 events per ms",
  );
});

Deno.test("fuzz writes the page of a seed that fails, and says where", async () => {
  const lines: string[] = [];
  const pages = new Map<string, string>();
  const outcome = await runFuzz({
    ...{ minutes: 0.001, first: 21, jobs: 1, json: false },
    print: (line) => lines.push(line),
    // The planted failure: two leaders of one term, as the watcher would say it.
    run: async (seed, options) => {
      const result = await runSwarm(seed, options);
      return { ...result, outcome: "wrong", detail: "E1: two leaders in term 3" };
    },
    writePage: (name, html) => {
      pages.set(name, html);
      return Promise.resolve(`folder/${name}`);
    },
  });
  assertEquals(outcome, "wrong");
  assertEquals(pages.keys().next().value, "seed-21.html");
  assert(lines.includes("seed 21 to look at: folder/seed-21.html"), lines.join("\n"));
  const page = pages.get("seed-21.html")!;
  assert(page.includes("wrong: E1: two leaders in term 3"));
  const [, json] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(page)!;
  assert(JSON.parse(json!).messages.length > 100);
});
