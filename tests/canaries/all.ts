/**
 * All bugs that `deno task canary` plants.
 *
 * @module
 */

import type { Canary } from "./canary.ts";
import { connectCanaries } from "./connect.ts";
import { canaries as checkerCanaries } from "./checker.ts";
import { clockCanaries, endingsCanaries } from "./clocks.ts";
import { electionCanaries } from "./elections.ts";
import { httpCanaries } from "./http.ts";
import { identityCanaries } from "./identity.ts";
import { kvCanaries } from "./kv.ts";
import { memberCanaries } from "./members.ts";
import { netCanaries } from "./net.ts";
import { peerCanaries } from "./peers.ts";
import { extremeCanaries, promiseCanaries, replicationCanaries } from "./replication.ts";
import { readCanaries, snapshotCanaries } from "./snapshots.ts";
import { storageCanaries } from "./storage.ts";
import { storeCanaries } from "./store.ts";
import { mergeCanaries } from "./merges.ts";
import { tableCanaries } from "./tables.ts";
import { watchCanaries } from "./watch.ts";

/** Every canary, by part of the product. */
export const allCanaries: readonly Canary[] = [
  // The core and its driver.
  ...electionCanaries,
  ...memberCanaries,
  ...promiseCanaries,
  ...clockCanaries,
  ...identityCanaries,
  ...extremeCanaries,
  ...replicationCanaries,
  ...snapshotCanaries,
  ...readCanaries,
  // All around it.
  ...kvCanaries,
  ...checkerCanaries,
  ...storageCanaries,
  ...storeCanaries,
  ...endingsCanaries,
  ...netCanaries,
  ...peerCanaries,
  ...tableCanaries,
  ...mergeCanaries,
  ...watchCanaries,
  ...httpCanaries,
  ...connectCanaries,
];
