/**
 * Simulated clusters for the lab's runner.
 *
 * @module
 */

import type { Arena, ArenaEnd, ArenaSetup } from "./lab_runner.ts";
import type { Cluster } from "./cluster.ts";
import { SimCluster } from "./sim_cluster.ts";

/** Each scenario gets a fresh cluster in virtual time. */
export const simArena: Arena = {
  async run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd> {
    const cluster = new SimCluster(setup);
    let error: unknown = null;
    try {
      await play(cluster);
    } catch (thrown) {
      error = thrown;
    }
    const trace = error === null ? [] : cluster.trace.lastLines();
    await cluster.close();
    return { error, trace };
  },
};
