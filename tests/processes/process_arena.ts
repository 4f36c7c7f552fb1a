/**
 * An arena of clusters of real processes for the lab's runner.
 *
 * @module
 */

import type { Cluster } from "../cluster/mod.ts";
import type { Arena, ArenaEnd, ArenaSetup } from "../lab/mod.ts";
import { ProcessCluster, type ProcessClusterOptions } from "./process_cluster.ts";
import { ProcessServiceCluster } from "./process_service_cluster.ts";

/** Makes a cluster of processes with the given state machine. */
function makeProcessCluster(options: ProcessClusterOptions): ProcessCluster {
  return options.machine.startsWith("log")
    ? new ProcessCluster(options)
    : new ProcessServiceCluster(options);
}

/** Each scenario gets a fresh cluster of processes. */
export class ProcessArena implements Arena {
  readonly #keep: boolean;

  /** With `keep`, the folder of a cluster is kept when its scenario fails. */
  constructor({ keep }: { readonly keep: boolean }) {
    this.#keep = keep;
  }

  async run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd> {
    const cluster = makeProcessCluster(setup);
    let error: unknown = null;
    try {
      await play(cluster);
    } catch (thrown) {
      error = thrown;
    }
    const keep = this.#keep && error !== null;
    const trace = error === null ? [] : [...await cluster.trace()];
    await cluster.close({ keep });
    if (keep) trace.push(`everything is in ${cluster.folder}`);
    return { error, trace, usage: cluster.usage };
  }
}
