/**
 * The clients of the swarm: commands and reads at random times to nodes that believe they lead,
 * with the index that each read must have applied when it is answered.
 *
 * @module
 */

import type { Index, NodeId, Position } from "../../raft/mod.ts";
import type { DigestMachine } from "../cluster/mod.ts";
import type { SeededRandom, SimCluster } from "../sim/mod.ts";
import type { SwarmPlan } from "./swarm_plan.ts";

/** Counts of the load. */
export interface LoadCounts {
  readonly proposed: number;
  readonly readsAsked: number;
  readonly readsConfirmed: number;
}

const UNCOMMITTED_MAX = 100;

/** The load of one run. */
export class SwarmLoad {
  readonly #cluster: SimCluster;
  readonly #plan: SwarmPlan;
  readonly #random: SeededRandom;
  /** The last index at which each node accepted a command. */
  readonly #last = new Map<NodeId, Index>();
  #isOn = false;
  #proposed = 0;
  #readsAsked = 0;
  #readsConfirmed = 0;
  /** By context: the highest index committed anywhere when the read was requested. */
  readonly #reads = new Map<number, Index>();

  constructor(cluster: SimCluster, plan: SwarmPlan, random: SeededRandom) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#random = random;
  }

  get counts(): LoadCounts {
    return {
      proposed: this.#proposed,
      readsAsked: this.#readsAsked,
      readsConfirmed: this.#readsConfirmed,
    };
  }

  begin(): void {
    this.#isOn = true;
    const { commandsPerSecond, readsPerSecond } = this.#plan;
    this.#often(this.#random.fork("commands"), commandsPerSecond, (random) => {
      // Occasional bursts fill windows and batch turns.
      const count = random.chance(0.05) ? random.between(2, 20) : 1;
      for (let number = 0; number < count; number++) this.#put(random);
    });
    this.#often(this.#random.fork("reads"), readsPerSecond, (random) => {
      const id = this.#leader(random);
      const context = ++this.#readsAsked;
      this.#reads.set(context, this.#cluster.watcher.committed);
      this.#cluster.beginRead(id, context);
    });
  }

  end(): void {
    this.#isOn = false;
  }

  /** Proposes one command to one node. */
  putTo(id: NodeId): Position | null {
    return this.#cluster.submit(id, this.#command(this.#random));
  }

  /** Checks a decided read: if confirmed, it sees all entries committed when it was requested. */
  decided(context: number, { confirmed, id, machine }: {
    readonly confirmed: boolean;
    readonly id: NodeId;
    readonly machine: DigestMachine;
  }): void {
    const least = this.#reads.get(context);
    if (least === undefined) throw new Error(`Read ${context} was decided twice`);
    this.#reads.delete(context);
    if (!confirmed) return;
    this.#readsConfirmed++;
    if (machine.index < least) {
      this.#cluster.violate(
        `n${id} confirms a read at ${machine.index}, asked when ${least} was committed (§8)`,
      );
    }
  }

  #often(random: SeededRandom, perSecond: number, run: (random: SeededRandom) => void): void {
    if (perSecond === 0) return;
    const wait = () => {
      this.#cluster.clock.after(random.range(0, 2_000 / perSecond), () => {
        if (!this.#isOn) return;
        run(random);
        wait();
      });
    };
    wait();
  }

  /** Clients wait for answers, so that commands do not pile up on a leader that cannot commit. */
  #put(random: SeededRandom): void {
    const id = this.#leader(random);
    const last = this.#last.get(id) ?? 0;
    if (last - this.#cluster.watcher.committed >= UNCOMMITTED_MAX) return;
    const position = this.#cluster.submit(id, this.#command(random));
    if (position !== null) this.#last.set(id, position.index);
  }

  #command(random: SeededRandom): Uint8Array {
    const command = new Uint8Array(random.between(4, this.#plan.commandBytesMax));
    new DataView(command.buffer).setUint32(0, ++this.#proposed);
    return command;
  }

  /** Mostly a node that believes it leads, sometimes any node. */
  #leader(random: SeededRandom): NodeId {
    const { ids } = this.#cluster;
    const start = random.below(ids.length);
    if (random.chance(0.9)) {
      for (let step = 0; step < ids.length; step++) {
        const id = ids[(start + step) % ids.length]!;
        if (this.#cluster.leads(id)) return id;
      }
    }
    return ids[start]!;
  }
}
