/**
 * All bugs planted in the core and its driver.
 *
 * @module
 */

import type { Canary } from "./canary.ts";
import { clockCanaries } from "./clocks.ts";
import { electionCanaries } from "./elections.ts";
import { identityCanaries } from "./identity.ts";
import { memberCanaries } from "./members.ts";
import { extremeCanaries, promiseCanaries } from "./promises.ts";
import { replicationCanaries } from "./replication.ts";
import { readCanaries, snapshotCanaries } from "./snapshots.ts";

/** Planted one at a time by `deno task canary`. */
export const coreCanaries: readonly Canary[] = [
  ...electionCanaries,
  ...memberCanaries,
  ...promiseCanaries,
  ...clockCanaries,
  ...identityCanaries,
  ...extremeCanaries,
  ...replicationCanaries,
  ...snapshotCanaries,
  ...readCanaries,
];
