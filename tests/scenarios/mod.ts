/**
 * All scenarios, in the order in which they run.
 *
 * @module
 */

import type { Scenario } from "../cluster/mod.ts";
import { agreementScenarios } from "./agreement.ts";
import { electionScenarios } from "./election.ts";
import { kvScenarios } from "./kv.ts";
import { singleServerScenarios } from "./lock.ts";
import { persistenceScenarios } from "./persistence.ts";
import { rsmScenarios } from "./rsm.ts";
import { snapshotScenarios } from "./snapshots.ts";

/** The scenarios of the lab; a part of an older edition has the year in its name. */
export const labScenarios: readonly Scenario[] = [
  ...electionScenarios,
  ...agreementScenarios,
  ...persistenceScenarios,
  ...snapshotScenarios,
  ...rsmScenarios,
  ...kvScenarios,
  ...singleServerScenarios,
];
