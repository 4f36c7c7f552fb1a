/**
 * Tests of the runner: its lines, its results, and the choice of scenarios.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";
import { labScenarios } from "../scenarios/mod.ts";
import type { Cluster, Scenario } from "../cluster/cluster.ts";
import { FakeCluster } from "./fake_cluster.ts";
import { type Arena, chooseScenarios, failureLines, runScenario } from "./lab_runner.ts";

const scenario: Scenario = {
  name: "TestSomething3B",
  part: "3B",
  title: "Test (3B): something",
  nodes: 3,
  machine: "log",
  network: "unreliable",
  run: () => Promise.resolve(),
};

/** An arena whose only cluster is this fake one. */
function arenaOf(cluster: FakeCluster): Arena {
  return {
    async run(_setup, play) {
      try {
        await play(cluster);
        return { error: null, trace: ["never shown"], usage: null };
      } catch (error) {
        const trace = Array.from({ length: 50 }, (_none, at) => `event ${at}`);
        return { error, trace, usage: null };
      }
    },
  };
}

async function run(body: (cluster: FakeCluster) => Promise<void>) {
  const cluster = new FakeCluster(3);
  const lines: string[] = [];
  const result = await runScenario(
    { ...scenario, run: (given: Cluster) => body(given as FakeCluster) },
    {
      arena: arenaOf(cluster),
      seed: 17,
      wallMs: () => 0,
      print: (line) => {
        lines.push(line);
      },
    },
  );
  return { cluster, lines, result };
}

Deno.test("runScenario prints the lab's two lines when a scenario passes", async () => {
  const { lines, result } = await run(async (cluster) => {
    cluster.servers[0]!.leader = true;
    await cluster.propose(1, new Uint8Array([1]));
    cluster.requests += 106;
    cluster.bytes += 4_572;
    await cluster.sleep(3_560);
  });
  assertEquals(result.failure, null);
  assertEquals(lines, [
    "Test (3B): something (unreliable network)...",
    "  ... Passed --  time  3.6s #peers 3 #RPCs   106 #Ops    0 #bytes     4572 #commits    1",
  ]);
});

Deno.test("runScenario starts the servers and sets the network before the scenario runs", async () => {
  let seen: unknown = null;
  const cluster = new FakeCluster(3);
  cluster.servers[1]!.running = false;
  await runScenario({
    ...scenario,
    run: () => {
      seen = [cluster.isRunning(2), cluster.faults.request.drop];
      return Promise.resolve();
    },
  }, { arena: arenaOf(cluster), seed: 1, wallMs: () => 0, print: () => {} });
  assertEquals(seen, [true, 0.1]);
});

Deno.test("runScenario reports the violation, the seed and the trace of a failed scenario", async () => {
  const { lines, result } = await run(() => Promise.reject(new AssertionError("lost 5 commands")));
  assertEquals(lines.length, 1);
  assertEquals(result.failure, "lost 5 commands");
  const shown = failureLines(result, "deno task lab TestSomething3B --seed 17");
  assertEquals(shown.slice(0, 5), [
    "--- FAIL: TestSomething3B (0.0s), seed 17",
    "    lost 5 commands",
    "    again: deno task lab TestSomething3B --seed 17",
    "    the last 40 lines of its trace:",
    "      event 10",
  ]);
});

Deno.test("runScenario fails when the cluster's verification fails at the end", async () => {
  const { result } = await run((cluster) => {
    cluster.trouble = new AssertionError("two leaders");
    return Promise.resolve();
  });
  assertEquals(result.failure, "two leaders");
});

Deno.test("runScenario fails when a scenario takes more than two minutes", async () => {
  const { result } = await run((cluster) => cluster.sleep(120_001));
  assertEquals(result.failure, "The test took 120.001 s, longer than 120 s");
});

Deno.test("chooseScenarios matches parts, names and substrings of titles", () => {
  const names = (...words: string[]) =>
    chooseScenarios(labScenarios, words).map(({ name }) => name);
  assertEquals(names("3a").length, 3);
  assertEquals(names("3B").length, 10);
  assertEquals(names("3C").length, 8);
  assertEquals(names("3D").length, 7);
  assertEquals(names().filter((name) => name.includes("3")).length, 28);
  assertEquals(names().filter((name) => name.includes("2024")), []);
  assertEquals(names("TestPersist13C"), ["TestPersist13C"]);
  assertEquals(names("figure"), ["TestFigure83C", "TestFigure8Unreliable3C"]);
  assertEquals(names("2024").length, 6);
  assertEquals(names("nothing like this"), []);
});

Deno.test("labScenarios have unique names", () => {
  const names = labScenarios.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
});
