/**
 * The shell on a cluster that answers from memory: completion, prompt, outcomes of scripts.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk, decodeRequest, KvStore } from "../../kv/mod.ts";
import { noFaults, partition } from "../../net/mod.ts";
import { type RoleName, SystemClock } from "../../raft/mod.ts";
import type { Ending } from "../table/command.ts";
import type { NodeReport } from "../table/node_report.ts";
import { Output } from "../table/output.ts";
import type { Session } from "../table/session.ts";
import { shellCommands } from "../commands.ts";
import { SETTLED } from "../../tests/helpers/log_entries.ts";
import { Shell } from "./shell.ts";

function report(id: number, role: RoleName, term: number): NodeReport {
  const position = { index: 1, term: 1 };
  return {
    cluster: "toy",
    id,
    status: {
      ...{ id, role, term, leader: null, votedFor: null, base: position, last: position },
      ...{ durable: 1, commit: 1, applied: 1, logBytes: 0, snapshotBytes: 0, peers: [] },
      ...SETTLED,
    },
    ...{ diskBytes: 0, memoryBytes: 0, cpuMs: 0, uptimeMs: 0, loopLagMs: 0, faults: noFaults },
    saves: { count: 0, p99Ms: 0, lastSlow: null },
    tables: null,
    level: null,
    clients: [],
    http: null,
  };
}

/** A shell on a store in memory; `reports` are the reports of its nodes. */
function makeShell(reports: readonly (NodeReport | null)[] = []): {
  shell: Shell;
  run: (line: string) => Promise<{ ending: Ending; out: string; error: string }>;
} {
  const store = new KvStore();
  const clock = new SystemClock();
  const written = { out: "", error: "" };
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const output = new Output({
    writeOut: (bytes) => written.out += text(bytes),
    writeError: (bytes) => written.error += text(bytes),
    ...{ isTerminal: false, isErrorTerminal: false, isColorWanted: false, isJson: false },
  });
  const session: Session = {
    ...{ cluster: "toy", ids: [1, 2, 3], clock, random: Math.random, isShell: true, nodes: [] },
    clerk: () =>
      new Clerk({
        servers: [1],
        call: (_server, request) =>
          Promise.resolve(
            decodeRequest(request)?.type === "get" ? store.query(request) : store.apply(request),
          ),
        ...{ clock, random: Math.random },
      }),
    ask: () => Promise.resolve(null),
    watcher: () => {
      throw new Error("No test watches here");
    },
    reports: () => Promise.resolve(reports),
    ...{ control: null, processes: null, close: () => {} },
  };
  const { signal } = new AbortController();
  const options = { session, commands: shellCommands, output, signal, timeoutMs: 1000 };
  const shell = new Shell(options);
  return {
    shell,
    run: async (line) => {
      Object.assign(written, { out: "", error: "" });
      const ending = await new Shell(options).runScript([line]);
      return { ending, ...written };
    },
  };
}

Deno.test("shell continues after a failure and ends with the code of the first failure", async () => {
  const { run } = makeShell();
  assertEquals(await run("put a 1; get a"), { ending: "ok", out: "version 1\n1\n", error: "" });
  const mixed = await run("get b; put a 2 --version 9; get a # still one");
  assertEquals([mixed.ending, mixed.out], ["notFound", "1\n"]);
  assertEquals((await run('put a "open')).ending, "usage");
  assertEquals((await run("exit; get nothing")).ending, "ok");
  assertEquals((await run("get nothing; exit")).ending, "notFound");
  assertEquals((await run("partition n1 | n2")).ending, "failure");
  assertEquals((await run("kill n1")).ending, "failure");
  assertEquals((await run("kill n9")).ending, "failure");
  assertEquals((await run(`put ${"k".repeat(5000)} v`)).ending, "usage");
  const help = await run("help");
  assert(help.out.includes("partition GROUP") && help.out.includes("unlock NAME"), help.out);
  assert((await run("help put")).out.startsWith("Set the value of a key."));
});

Deno.test("exit ends the shell with the code it names, and refuses any other word", async () => {
  const { run } = makeShell();
  assertEquals((await run("exit 3; get nothing")).ending, 3);
  assertEquals((await run("get nothing; exit 0")).ending, 0);
  assertEquals((await run("quit 7")).ending, 7);
  const wrong = await run("exit 3x; put a 1");
  assertEquals([wrong.ending, wrong.out], ["usage", "version 1\n"]);
  assert(wrong.error.includes('wanted a whole number from 0 to 255, got "3x"'), wrong.error);
  assert((await run("exit 256")).error.includes("from 0 to 255"));
  const help = await run("exit --help; get nothing");
  assertEquals(help.ending, "notFound");
  assert(help.out.includes("Usage: exit [CODE]"), help.out);
  assert((await run("help")).out.includes("exit [CODE]"));
});

Deno.test("shell completes commands, flags, known keys and nodes", async () => {
  const { shell } = makeShell();
  await shell.runScript(["put colour blue; put 'two words' x"]);
  const candidates = async (text: string): Promise<readonly string[]> =>
    (await shell.complete(text, text.length)).candidates;
  assertEquals(await candidates("pa"), ["partition"]);
  assertEquals(await candidates("get c"), ["colour"]);
  assertEquals(await candidates("get "), ['"two words"', "colour"]);
  assertEquals(await candidates("put colour --ver"), ["--version"]);
  assertEquals(await candidates("get colour --node "), ["n1", "n2", "n3"]);
  assertEquals(await candidates("partition n1 "), ["leader", "n2", "n3", "rest", "|"]);
  assertEquals(await candidates("kill "), ["leader", "n1", "n2", "n3"]);
  assertEquals(await candidates("put colour "), []);
  assertEquals(await candidates("kill n1 "), []);
  assertEquals(await candidates("ex"), ["exit"]);
  assertEquals(await candidates("help st"), ["start", "status"]);
  assertEquals(await candidates("member re"), ["remove", "replace"]);
  assertEquals(await candidates("member replace n"), ["n1", "n2", "n3"]);
  assertEquals(await candidates("frobnicate x"), []);
});

Deno.test("prompt shows the newest leader and the faults of the network", async () => {
  const faults = { ...noFaults, blocked: partition([[1], [2, 3]]) };
  const old = { ...report(1, "leader", 4), faults };
  const { shell } = makeShell([old, report(2, "leader", 5), null]);
  await shell.look();
  assertEquals(shell.prompt(), "toy (n2 leads, term 5) [n1 | n2 n3]> ");
  const lost = makeShell([null, report(2, "candidate", 6), null]).shell;
  await lost.look();
  assertEquals(lost.prompt(), "toy (no leader)> ");
});

Deno.test("prompt leaves half of a screen to what is typed, whatever the faults", async () => {
  const wrong = {
    drop: 0.1,
    duplicate: 0.1,
    delay: { kind: "uniform", minMs: 0, maxMs: 20 },
    reorder: { probability: 0.1, delay: { kind: "uniform", minMs: 0, maxMs: 50 } },
  } as const;
  const leader = { ...report(2, "leader", 5), faults: { ...noFaults, request: wrong } };
  const { shell } = makeShell([null, leader, null]);
  await shell.look();
  assert(shell.prompt().endsWith("hold back 10 % up to 50 ms]> "), shell.prompt());
  assertEquals(shell.prompt(80), "toy (n2 leads, term 5) [requests lose 10 …]> ");
  assertEquals(shell.prompt(10), "toy (n2 leads, term 5) [requests lo…]> ");
});

Deno.test("the shell puts a batch together line by line, and sends it whole or not at all", async () => {
  const { run } = makeShell();
  const lines = "begin; check a absent; put a 1; put b 2; else; get a; commit --json; get b";
  const done = await run(lines);
  assertEquals(done.ending, "ok", done.error);
  assertEquals(JSON.parse(done.out.split("\n")[0]!).held, true);
  assert(done.out.endsWith("2\n"), done.out);
  const again = await run(lines);
  assertEquals(again.ending, "versionConflict");
  const dropped = await run("begin; put c 1; rollback; get c");
  assertEquals(dropped.ending, "notFound");
  for (const wrong of ["commit", "rollback", "begin; begin", "begin; status", "begin; put c"]) {
    assertEquals((await run(wrong)).ending, "usage", wrong);
  }
});
