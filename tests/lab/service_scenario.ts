/**
 * Turns scenarios with clients into {@linkcode Scenario}s: each gets a {@linkcode LabGroup} for the
 * servers, the cluster for the clients, and the report.
 *
 * @module
 */

import type { Report, Scenario, ServiceCluster } from "../cluster/mod.ts";
import { LabGroup } from "./lab_group.ts";

/** The means of a scenario with clients. */
export interface Service {
  readonly group: LabGroup;
  readonly cluster: ServiceCluster;
  readonly report: Report;
  readonly network: Scenario["network"];
  readonly machine: Scenario["machine"];
}

/** A scenario with clients, written against a {@linkcode Service}. */
export interface ServiceScenario extends Omit<Scenario, "run" | "network"> {
  /** @default {"reliable"} */
  readonly network?: Scenario["network"];
  /** Throws when the service does not behave. */
  readonly body: (service: Service) => Promise<void>;
}

/** Turns it into a scenario that runs on any {@linkcode ServiceCluster}. */
export function serviceScenario(
  { body, network = "reliable", ...rest }: ServiceScenario,
): Scenario {
  return {
    ...rest,
    network,
    // The arena makes a ServiceCluster for every machine with replies.
    run: (cluster: ServiceCluster, report: Report) =>
      body({
        group: new LabGroup(cluster, { network }),
        cluster,
        report,
        network,
        machine: rest.machine,
      }),
  };
}
