/**
 * Counters that clients with sessions count up on real processes, while nodes are killed and cut off,
 * voters become learners and come back, and the network loses messages: the sums are exact, and no two
 * increments get one answer (C3).
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { Clerk } from "../../kv/mod.ts";
import { noFaults, partition, undisturbed } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { changeMember, ProcessServiceCluster } from "../processes/mod.ts";
import { SeededRandom } from "../sim/mod.ts";

/** Options of {@linkcode runProcessCounting}. */
export interface ProcessCountingOptions {
  readonly seed: number;
  /** Counts at least so far, and so long. */
  readonly increments: number;
  readonly seconds: number;
  /** Hears now and then how far it is. */
  readonly print?: (line: string) => void;
}

/** What happened. */
export interface ProcessCounts {
  increments: number;
  /** Requests that clients sent for them. */
  requests: number;
  kills: number;
  cuts: number;
  /** Changes of members that a leader has begun. */
  changes: number;
}

const NODES = 5;
const CLERKS = 6;
const AT_ONCE = 32;
const COUNTERS = 3;
const TIMEOUT_MS = 120_000;
const PRINT_ROUNDS = 20;

/** Runs it; throws an `AssertionError` if a sum or an answer is wrong. */
export async function runProcessCounting(options: ProcessCountingOptions): Promise<ProcessCounts> {
  const run = new ProcessCounting(options);
  try {
    return await run.run();
  } finally {
    await run.close();
  }
}

class ProcessCounting {
  readonly #options: ProcessCountingOptions;
  readonly #random: SeededRandom;
  readonly #cluster: ProcessServiceCluster;
  readonly #answers = Array.from({ length: COUNTERS }, (): bigint[] => []);
  readonly #counts = { increments: 0, requests: 0, kills: 0, cuts: 0, changes: 0 };
  #isOver = false;

  constructor(options: ProcessCountingOptions) {
    const { seed } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed, "process counting");
    this.#cluster = new ProcessServiceCluster({ seed, nodes: NODES, machine: "kv" });
  }

  async run(): Promise<ProcessCounts> {
    const { increments, seconds, print } = this.#options;
    const cluster = this.#cluster;
    await Promise.all(cluster.ids.map((id) => cluster.start(id)));
    const counting = Promise.all(
      Array.from({ length: CLERKS }, () => this.#clerk()).flatMap((clerk) => {
        return Array.from({ length: AT_ONCE }, () => this.#count(clerk));
      }),
    );
    // Awaited only at the end; until then a failure must not end the process as unhandled.
    counting.catch(() => undefined);
    const end = performance.now() + seconds * 1000;
    const lossy = { ...undisturbed, drop: 0.05 };
    await cluster.setFaults({ request: lossy, reply: lossy });
    for (let round = 1; performance.now() < end || this.#counts.increments < increments; round++) {
      await this.#disturb(this.#random.pick(cluster.ids), round);
      await cluster.sleep(this.#random.range(300, 1000));
      if (round % PRINT_ROUNDS === 0) print?.(JSON.stringify(this.#counts));
    }
    await cluster.setFaults(noFaults);
    this.#isOver = true;
    await counting;
    await this.#judge();
    return this.#counts;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#cluster.close();
  }

  async #disturb(victim: NodeId, round: number): Promise<void> {
    const cluster = this.#cluster;
    if (round % 3 === 0) {
      if (await changeMember(cluster, victim) !== null) this.#counts.changes++;
      return;
    }
    if (round % 3 === 1) {
      this.#counts.kills++;
      await cluster.kill(victim);
      await cluster.sleep(this.#random.range(0, 1000));
      return await cluster.start(victim);
    }
    this.#counts.cuts++;
    const others = cluster.ids.filter((id) => id !== victim);
    await cluster.setFaults({ blocked: partition([[victim], others]) });
    await cluster.sleep(this.#random.range(300, 1500));
    await cluster.setFaults({ blocked: noFaults.blocked });
  }

  async #count(clerk: Clerk): Promise<void> {
    while (!this.#isOver) {
      const counter = Math.floor(Math.random() * COUNTERS);
      const then = [{ op: "add", key: `c${counter}`, amount: 1n, overflow: "wrap" }] as const;
      const batch = { checks: [], then, otherwise: [], at: 0 };
      const done = await clerk.batch(batch, { timeoutMs: TIMEOUT_MS });
      const [result] = done.type === "done" ? done.result.results : [];
      if (result?.op !== "add") throw new Error(`An increment was not answered: ${done.type}`);
      this.#answers[counter]!.push(result.value);
      this.#counts.increments++;
    }
  }

  /** The sum of each counter is the number of its increments, and their answers are all sums before. */
  async #judge(): Promise<void> {
    const reader = this.#clerk();
    for (const [counter, given] of this.#answers.entries()) {
      const found = await reader.get(`c${counter}`, { timeoutMs: TIMEOUT_MS });
      if (found.type !== "value") throw new Error(`Cannot read c${counter}: ${found.type}`);
      const sum = new DataView(found.value.slice().buffer).getBigUint64(0, true);
      if (sum !== BigInt(given.length)) {
        throw new AssertionError(`c${counter} is ${sum} after ${given.length} increments`);
      }
      given.sort((one, other) => Number(one - other));
      const wrong = given.find((answer, place) => answer !== BigInt(place + 1));
      if (wrong !== undefined) throw new AssertionError(`c${counter} answered ${wrong} twice`);
    }
  }

  #clerk(): Clerk {
    const cluster = this.#cluster;
    return new Clerk({
      servers: cluster.ids,
      call: (id, request, deadline) => {
        this.#counts.requests++;
        return cluster.call(id, request, deadline);
      },
      ...{ clock: cluster.clientClock, random: Math.random, sessions: true, attemptMs: 500 },
    });
  }
}
