/**
 * A cluster of processes outlives all of its nodes: it grows from one to five and shrinks to three
 * others, under load, with kills and partitions. The history of its clients is linearizable.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { setControlFaults } from "../../cli/cluster/node_control.ts";
import { withRemoteSession } from "../../cli/cluster/open_session.ts";
import type { Session } from "../../cli/table/mod.ts";
import type { KvInput } from "../checker/mod.ts";
import { runCommand } from "../helpers/commands.ts";
import { type HandNodes, withHandNodes } from "../helpers/hand_nodes.ts";
import { until } from "../helpers/until.ts";
import { partition } from "../../net/faults/faults.ts";
import { KvRecorder } from "../recorder/mod.ts";
import { SeededRandom } from "../sim/mod.ts";

const KEYS = 12;
const CLIENTS = 4;
const TIMEOUT_MS = 20_000;
const CHECK_MS = 30_000;
/** The time in which a process begins, also beside many others. */
const START_MS = 60_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How often each processor is wanted at a time; 1: all have time. */
function busyness(): number {
  return Math.max(1, Deno.loadavg()[0]! / navigator.hardwareConcurrency);
}

/** The clients of a cluster, and how long they waited. */
class Load {
  readonly recorder = new KvRecorder(() => performance.now());
  readonly latenciesMs: number[] = [];
  #isOver = false;
  #unknown = 0;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  async client(client: number, session: Session): Promise<void> {
    const clerk = session.clerk();
    const random = this.#random.fork(`client ${client}`);
    const versions = new Map<string, number>();
    for (let count = 0; !this.#isOver; count++) {
      const key = `k${random.below(KEYS)}`;
      const input: KvInput = random.chance(0.5)
        ? { op: "get", key }
        : { op: "put", key, value: `${client}.${count}`, version: versions.get(key) ?? 0 };
      const begin = performance.now();
      const output = await this.recorder.execute(input, { clerk, client, timeoutMs: TIMEOUT_MS });
      this.latenciesMs.push(performance.now() - begin);
      if (output === null || output === "never") this.#unknown += 1;
      else if (output.op === "get") versions.set(key, output.version);
      await pause(random.range(5, 25));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Judges what the clients saw. */
  judge(slowestMsMax: number): void {
    assertEquals(this.#unknown, 0, "operations without an outcome");
    assertEquals(this.recorder.judge(CHECK_MS), "ok");
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    const at = (part: number) => Math.round(sorted[Math.floor(part * (sorted.length - 1))]!);
    const busy = busyness();
    const times = `p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms`;
    console.log(`${sorted.length} operations: ${times}; processors ${busy.toFixed(1)} times taken`);
    assertLess(at(0.99), 1_000 * busy);
    assertLess(at(1), slowestMsMax * busy);
  }
}

/** Kills and cuts off voters, one after the other, and lets each return. */
class Trouble {
  readonly #nodes: HandNodes;
  readonly #random: SeededRandom;
  /** The voters that all count on; a minority of them is in trouble at a time. */
  #voters: readonly string[] = [];
  #current: Promise<void> = Promise.resolve();
  #isOver = false;
  kills = 0;
  cuts = 0;

  constructor(nodes: HandNodes, random: SeededRandom) {
    this.#nodes = nodes;
    this.#random = random;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      await pause(this.#random.range(600, 1_200));
      if (this.#voters.length < 3 || this.#isOver) continue;
      const name = this.#voters[this.#random.below(this.#voters.length)]!;
      this.#current = this.#random.chance(0.5) ? this.#kill(name) : this.#cut(name);
      await this.#current;
    }
  }

  /** From now on only these are in trouble; waits until another one has returned. */
  async aim(voters: readonly string[]): Promise<void> {
    this.#voters = voters;
    await this.#current;
  }

  stop(): void {
    this.#isOver = true;
  }

  async #kill(name: string): Promise<void> {
    this.kills += 1;
    await this.#nodes.kill(name);
    await pause(this.#random.range(0, 500));
    this.#nodes.start(name, "--control");
    await this.#nodes.serves(name);
  }

  async #cut(name: string): Promise<void> {
    this.cuts += 1;
    const id = Number(name.slice(1));
    const others = [1, 2, 3, 4, 5, 6, 7, 8].filter((each) => each !== id);
    await this.#set(partition([[id], others]));
    await pause(this.#random.range(300, 1_000));
    await this.#set([]);
  }

  async #set(blocked: ReturnType<typeof partition>): Promise<void> {
    const folders = this.#nodes.running.map((name) => this.#nodes.folderOf(name));
    await Promise.all(folders.map((folder) => setControlFaults(folder, { blocked })));
  }
}

/** Runs `kontiki member`; what was interrupted is asked for again, as an operator does. */
async function member(endpoints: string, ...args: readonly string[]): Promise<void> {
  const flags = ["--timeout", "15s", "--endpoints", endpoints];
  let last = "";
  for (let tries = 0; tries < 4; tries++) {
    const { code, error } = await runCommand(["member", ...args, ...flags]);
    if (code === 0 || error.includes("is no member")) return;
    last = error;
  }
  throw new Error(`member ${args.join(" ")}: ${last}`);
}

async function withLoad(
  nodes: HandNodes,
  { seed, names, slowestMsMax }: {
    readonly seed: number;
    readonly names: readonly string[];
    readonly slowestMsMax: number;
  },
  work: (parts: { readonly endpoints: string; readonly trouble: Trouble }) => Promise<void>,
): Promise<Trouble> {
  const random = new SeededRandom(seed, "members");
  const endpoints = names.map((name) => nodes.place(name, "client"));
  const load = new Load(random.fork("load"));
  const trouble = new Trouble(nodes, random.fork("trouble"));
  await withRemoteSession(endpoints, async (session) => {
    // The election at the cluster's birth is no time without service.
    await session.clerk().get("k0", { timeoutMs: TIMEOUT_MS });
    const clients = Array.from({ length: CLIENTS }, (_, client) => load.client(client, session));
    const troubles = trouble.run();
    try {
      await work({ endpoints: endpoints.join(), trouble });
    } finally {
      trouble.stop();
      await troubles;
      load.stop();
      await Promise.all(clients);
    }
  });
  load.judge(slowestMsMax);
  return trouble;
}

Deno.test("from one node to five and back to three others, under load, kills and partitions, nothing is lost", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => `a${id}`);
  await withHandNodes(async (nodes) => {
    await nodes.bootstrap(["a1"], "--control");
    const { kills, cuts } = await withLoad(
      nodes,
      { seed, names, slowestMsMax: TIMEOUT_MS },
      async ({ endpoints, trouble }) => {
        for (const name of names.slice(1, 5)) {
          nodes.start(name, "--control", "--join", endpoints);
          await nodes.serves(name);
          await trouble.aim(names.slice(0, names.indexOf(name) + 1));
        }
        for (const at of [0, 1, 2]) {
          const [old, fresh] = [names[at]!, names[at + 5]!];
          await trouble.aim(names.slice(at + 1, at + 5));
          nodes.start(fresh, "--control");
          const waits = () => nodes.log(fresh).includes("waits until its cluster adds it");
          await until(waits, `${fresh} to wait`, START_MS);
          await member(
            endpoints,
            "replace",
            old.replace("a", "n"),
            "--with",
            nodes.place(fresh, "client"),
          );
          await nodes.kill(old);
          await trouble.aim(names.slice(at + 1, at + 6));
        }
        for (const old of ["a4", "a5"]) {
          await trouble.aim(old === "a4" ? names.slice(4) : names.slice(5));
          await member(endpoints, "remove", old.replace("a", "n"));
          await nodes.kill(old);
        }
        await pause(3_000);
      },
    );
    assert(kills + cuts >= 3, `${kills} kills, ${cuts} cuts`);
    const endpoints = nodes.place("a7", "client");
    const listed = await runCommand(["member", "list", "--json", "--endpoints", endpoints]);
    const { members } = JSON.parse(listed.out);
    assertEquals(members.map(({ id }: { id: number }) => id), [6, 7, 8]);
    await until(() => nodes.running.length === 3);
  });
});

Deno.test("all nodes are restarted one after the other under load, and no operation fails", async () => {
  const names = ["a1", "a2", "a3"];
  await withHandNodes(async (nodes) => {
    await nodes.bootstrap(names, "--control");
    // Calm, the slowest operation takes less than 100 ms; others may use the processors meanwhile.
    await withLoad(nodes, { seed: 1, names, slowestMsMax: 1_000 }, async () => {
      await pause(1_000);
      for (const name of names) {
        await nodes.kill(name, "SIGTERM");
        // Folder and log know the rest.
        nodes.start(name);
        await nodes.serves(name);
        await pause(1_000);
      }
    });
  });
});
