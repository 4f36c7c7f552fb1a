/**
 * One run of the swarm: a cluster as planned by the seed, first under faults and load for safety,
 * then with a healed majority for liveness. There are three kinds of failure: wrong (a violated
 * invariant), stuck (a healed majority does not elect or commit in time) and crashed (an unexpected
 * error).
 *
 * @module
 */

import { partition } from "../../net/mod.ts";
import type { NodeId, Position } from "../../raft/mod.ts";
import { Chaos } from "./chaos.ts";
import { type DigestHistory, DigestMachine } from "../cluster/mod.ts";
import {
  type MachineContext,
  SeededRandom,
  SimCluster,
  Trace,
  type TraceEvent,
  Violation,
} from "../sim/mod.ts";
import { type LoadCounts, SwarmLoad } from "./swarm_load.ts";
import { type PlanOptions, planSwarm, type SwarmPlan } from "./swarm_plan.ts";

/** The outcome of a run. */
export type SwarmOutcome = "passed" | "wrong" | "stuck" | "crashed";

/** The result of one seed. Plain values, so that a worker can send it. */
export interface SwarmResult {
  readonly seed: number;
  /** What overrode the seed. */
  readonly plan: PlanOptions;
  readonly outcome: SwarmOutcome;
  /** The violation; empty when the run passed. */
  readonly detail: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly committed: number;
  /** The number of committed entries that changed the members. */
  readonly memberChanges: number;
  readonly load: LoadCounts;
  /** Time from healing until the whole healed majority has applied a command. */
  readonly recoveryMs: number;
  readonly hash: string;
  /** The last lines of the trace, when the run failed. */
  readonly lastLines: readonly string[];
}

/** Options of {@linkcode runSwarm}. */
export interface SwarmOptions extends PlanOptions {
  /** Receives every line of the trace. */
  readonly print?: (line: string) => void;
  /** Receives every event of the trace. */
  readonly take?: (atMs: number, event: TraceEvent) => void;
}

/** A healed majority that needs longer than this is stuck. */
const RECOVERY_MS_MAX = 30_000;
const POLL_MS = 20;
/** Some election timeouts. */
const QUIET_MS = 3_000;

class Stuck extends Error {
  override readonly name = "Stuck";
}

/** Runs one seed. */
export function runSwarm(seed: number, options: SwarmOptions = {}): Promise<SwarmResult> {
  const { print, take, ...fixed } = options;
  const plan = planSwarm(seed, fixed);
  const trace = new Trace({
    ...print === undefined ? {} : { print },
    ...take === undefined ? {} : { take },
  });
  return new SwarmRun(plan, trace).run(fixed);
}

class SwarmRun {
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  readonly #cluster: SimCluster;
  readonly #load: SwarmLoad;
  readonly #history: DigestHistory = [];
  readonly #machines = new Map<NodeId, DigestMachine>();
  #recoveryMs = 0;

  constructor(plan: SwarmPlan, trace: Trace) {
    this.#plan = plan;
    this.#random = new SeededRandom(plan.seed, "run");
    this.#cluster = new SimCluster({
      ...plan,
      trace,
      machine: (context) => this.#makeMachine(context),
    });
    this.#load = new SwarmLoad(this.#cluster, plan, this.#random.fork("load"));
  }

  async run(fixed: PlanOptions): Promise<SwarmResult> {
    const cluster = this.#cluster;
    let outcome: SwarmOutcome = "passed";
    let detail = "";
    try {
      await this.#play();
      await cluster.verify();
    } catch (error) {
      if (error instanceof Violation) outcome = "wrong";
      else outcome = error instanceof Stuck ? "stuck" : "crashed";
      detail = describe(error, outcome);
    }
    const result = {
      ...{ seed: this.#plan.seed, plan: fixed, outcome, detail },
      virtualMs: cluster.now(),
      events: cluster.clock.events,
      committed: cluster.watcher.committed,
      memberChanges: cluster.watcher.memberChanges,
      load: this.#load.counts,
      recoveryMs: this.#recoveryMs,
      hash: cluster.trace.hash,
      lastLines: outcome === "passed" ? [] : cluster.trace.lastLines(),
    };
    await cluster.close();
    return result;
  }

  async #play(): Promise<void> {
    const cluster = this.#cluster;
    for (const id of cluster.ids) await cluster.start(id);
    const chaos = new Chaos(cluster, this.#plan, this.#random.fork("chaos"));
    this.#load.begin();
    chaos.begin();
    await cluster.sleep(this.#plan.safetyMs);
    chaos.end();
    const voters = await this.#settleMembers();
    const majority = this.#healMajority(voters);
    const healedMs = cluster.now();
    await this.#recover(majority);
    this.#recoveryMs = cluster.now() - healedMs;
    this.#load.end();
    await this.#checkQuiet();
  }

  /** Waits until a change that is under way has ended; returns the voters. */
  async #settleMembers(): Promise<readonly NodeId[]> {
    const cluster = this.#cluster;
    if (this.#plan.troubles.change === 0) return cluster.ids;
    const endMs = cluster.now() + RECOVERY_MS_MAX;
    while (cluster.now() < endMs) {
      await cluster.sleep(POLL_MS);
      const looks = cluster.ids.flatMap((id) => cluster.look(id) ?? []);
      // A former member that has not heard of its removal may be in a later term for ever.
      const leader = looks.find(({ role, term, members: { voters } }) =>
        role === "leader" &&
        looks.every((other) => other.term <= term || !voters.some(({ id }) => id === other.id))
      );
      if (leader === undefined) continue;
      const { members, membersIndex, commit, last, term } = leader;
      const known = JSON.stringify(members);
      const ids = members.voters.map((member) => member.id);
      // A change that only one voter knows of stops the others while that one is away.
      const isKnown = looks.every((status) =>
        JSON.stringify(status.members) === known || !ids.includes(status.id)
      );
      if (isKnown && members.outgoing.length === 0 && membersIndex <= commit) return ids;
      // In the lab's profile a leader commits nothing of its own.
      if (last.index === commit || last.term < term) this.#load.putTo(leader.id);
    }
    throw new Stuck(`A change of members did not end within ${RECOVERY_MS_MAX} ms`);
  }

  /** With all faults gone, former members and strangers do not disturb the cluster (E9, M7). */
  async #checkQuiet(): Promise<void> {
    const cluster = this.#cluster;
    if (this.#plan.troubles.change === 0 || this.#plan.raft.profile === "lab") return;
    cluster.heal();
    for (const id of cluster.ids) if (!cluster.isRunning(id)) cluster.launchSoon(id);
    await cluster.sleep(QUIET_MS);
    const before = this.#leader();
    await cluster.sleep(QUIET_MS);
    const after = this.#leader();
    if (before === null || before !== after) {
      throw new Stuck(`Without any fault leadership went from ${before} to ${after}`);
    }
  }

  /** The leader and its term, if there is a leader. */
  #leader(): string | null {
    const looks = this.#cluster.ids.map((id) => this.#cluster.look(id));
    const leader = looks.find((status) => status?.role === "leader");
    return leader ? `n${leader.id} in term ${leader.term}` : null;
  }

  /** Heals a majority; the other nodes stay cut off, some of them crashed. */
  #healMajority(voters: readonly NodeId[]): readonly NodeId[] {
    const cluster = this.#cluster;
    const random = this.#random.fork("majority");
    const ids = random.shuffle(voters);
    const most = Math.floor(ids.length / 2) + 1;
    const majority = ids.slice(0, random.chance(0.3) ? ids.length : most);
    const rest = cluster.ids.filter((id) => !majority.includes(id));
    for (const id of rest) if (random.chance(0.5)) cluster.kill(id);
    cluster.disturb({ blocked: partition([majority, rest]) });
    cluster.note(0, `healed: ${majority.map((id) => `n${id}`).join(" ")}`);
    return majority;
  }

  /** Proposes a new command until every machine of the majority has applied it. */
  async #recover(majority: readonly NodeId[]): Promise<void> {
    const cluster = this.#cluster;
    const endMs = cluster.now() + RECOVERY_MS_MAX;
    let wanted: Position | null = null;
    while (cluster.now() < endMs) {
      await cluster.sleep(POLL_MS);
      if (wanted === null || cluster.watcher.committed >= wanted.index) {
        const entry = wanted === null ? undefined : cluster.watcher.entryAt(wanted.index);
        if (wanted === null || entry?.term !== wanted.term) wanted = this.#putIn(majority);
        else if (majority.every((id) => this.#machines.get(id)!.index >= wanted!.index)) return;
      } else if (!majority.some((id) => cluster.look(id)?.term === wanted!.term)) {
        wanted = null;
      }
    }
    const looks = majority.map((id) => JSON.stringify(cluster.look(id))).join("\n");
    throw new Stuck(
      `A healed majority did not commit within ${RECOVERY_MS_MAX} ms:\n${looks}`,
    );
  }

  #putIn(majority: readonly NodeId[]): Position | null {
    const leader = majority.find((id) => this.#cluster.leads(id));
    return leader === undefined ? null : this.#load.putTo(leader);
  }

  #makeMachine({ id, node, random }: MachineContext): DigestMachine {
    const { compactEvery, imageBytes, draws } = this.#plan;
    const machine: DigestMachine = new DigestMachine({
      history: this.#history,
      compactEvery,
      imageBytes,
      salt: Math.floor(random() * 2 ** 32),
      compact: (index, data) => {
        if (draws) return node().draw(index, () => data);
        node().compact(index, data);
        return true;
      },
      decided: (context, confirmed) => this.#load.decided(context, { confirmed, id, machine }),
    });
    this.#machines.set(id, machine);
    return machine;
  }
}

function describe(error: unknown, outcome: SwarmOutcome): string {
  if (!(error instanceof Error)) return String(error);
  return outcome === "crashed" ? error.stack ?? error.message : error.message;
}
