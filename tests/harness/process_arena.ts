/**
 * Clusters of real processes for the lab's runner.
 *
 * @module
 */

import type { Cluster } from "./cluster.ts";
import type { Arena, ArenaEnd, ArenaSetup } from "./lab_runner.ts";
import { ProcessCluster, type Usage } from "./process_cluster.ts";

/** Makes clusters of processes, and counts what they use. */
export class ProcessArena implements Arena {
  readonly #keep: boolean;
  #usage: Usage = { cpuMs: 0, starts: 0 };

  constructor({ keep }: { readonly keep: boolean }) {
    this.#keep = keep;
  }

  /** Of all clusters so far. */
  get usage(): Usage {
    return this.#usage;
  }

  async run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd> {
    const cluster = new ProcessCluster({ ...setup, keep: this.#keep });
    let error: unknown = null;
    try {
      await play(cluster);
    } catch (thrown) {
      error = thrown;
    }
    const trace = error === null ? [] : await cluster.trace();
    await cluster.close();
    const { cpuMs, starts } = cluster.usage;
    this.#usage = { cpuMs: this.#usage.cpuMs + cpuMs, starts: this.#usage.starts + starts };
    return { error, trace };
  }
}
