/**
 * An arena of simulated clusters for the lab's runner.
 *
 * @module
 */

import type { Arena, ArenaEnd, ArenaSetup } from "./lab_runner.ts";
import type { Cluster } from "../cluster/mod.ts";
import { SimCluster, SimServiceCluster, Trace, type TraceEvent } from "../sim/mod.ts";

/** Makes a simulated cluster with the given state machine. */
function makeSimCluster({ machine, ...setup }: ArenaSetup, trace: Trace): SimCluster {
  return machine === "log" || machine === "log-snapshots"
    ? new SimCluster({ ...setup, machine, trace })
    : new SimServiceCluster({ ...setup, machine, trace });
}

/** Clusters in virtual time, a fresh one for each scenario; `take` receives every event. */
export function tracedArena(take?: (atMs: number, event: TraceEvent) => void): Arena {
  return {
    async run(setup: ArenaSetup, play: (cluster: Cluster) => Promise<void>): Promise<ArenaEnd> {
      const cluster = makeSimCluster(setup, new Trace(take === undefined ? {} : { take }));
      let error: unknown = null;
      try {
        await play(cluster);
      } catch (thrown) {
        error = thrown;
        cluster.note(0, `FAILS: ${thrown instanceof Error ? thrown.message : thrown}`);
      }
      const trace = error === null ? [] : cluster.trace.lastLines();
      await cluster.close();
      return { error, trace, usage: null };
    },
  };
}

/** Each scenario gets a fresh cluster in virtual time. */
export const simArena: Arena = tracedArena();
