/**
 * Turns scenarios of the lab into {@linkcode Scenario}s: each gets a {@linkcode LabGroup} over its
 * cluster. The runner has started the servers and set the network before.
 *
 * @module
 */

import type { Scenario } from "../cluster/mod.ts";
import { type Edition, LabGroup } from "./lab_group.ts";

/** A scenario of the lab, written against the helper layer. */
export interface LabScenario extends Omit<Scenario, "run" | "machine" | "network"> {
  /** @default {"log"} */
  readonly machine?: Scenario["machine"];
  /** @default {"reliable"} */
  readonly network?: Scenario["network"];
  /** @default {"2025"} */
  readonly edition?: Edition;
  /** Throws when the group does not behave. */
  readonly body: (group: LabGroup) => Promise<void>;
}

/** Turns it into a scenario that runs on any cluster. */
export function labScenario(
  { body, edition = "2025", machine = "log", network = "reliable", ...rest }: LabScenario,
): Scenario {
  return {
    ...rest,
    machine,
    network,
    run: async (cluster) => {
      const group = new LabGroup(cluster, { network, edition });
      await body(group);
      await group.checkAllApplied();
    },
  };
}
