/**
 * An arena of simulated clusters for the lab's runner.
 *
 * @module
 */

import type { Arena, ArenaEnd, ArenaSetup } from "./lab_runner.ts";
import type { Cluster } from "../cluster/mod.ts";
import { SimCluster, SimServiceCluster } from "../sim/mod.ts";

/** Makes a simulated cluster with the given state machine. */
function makeSimCluster({ machine, ...setup }: ArenaSetup): SimCluster {
  return machine === "log" || machine === "log-snapshots"
    ? new SimCluster({ ...setup, machine })
    : new SimServiceCluster({ ...setup, machine });
}

/** Each scenario gets a fresh cluster in virtual time. */
export const simArena: Arena = {
  async run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd> {
    const cluster = makeSimCluster(setup);
    let error: unknown = null;
    try {
      await play(cluster);
    } catch (thrown) {
      error = thrown;
    }
    const trace = error === null ? [] : cluster.trace.lastLines();
    await cluster.close();
    return { error, trace, usage: null };
  },
};
