/**
 * All bugs that `deno task canary` plants.
 *
 * @module
 */

import type { Canary } from "./canary.ts";
import { canaries as checkerCanaries } from "./checker.ts";
import { storageCanaries } from "./storage.ts";
import { coreCanaries } from "./core.ts";
import { endingsCanaries } from "./clocks.ts";
import { kvCanaries } from "./kv.ts";
import { netCanaries } from "./net.ts";
import { peerCanaries } from "./peers.ts";
import { storeCanaries } from "./store.ts";
import { tableCanaries } from "./tables.ts";
import { watchCanaries } from "./watch.ts";

/** Every canary, by part of the product. */
export const allCanaries: readonly Canary[] = [
  ...coreCanaries,
  ...kvCanaries,
  ...checkerCanaries,
  ...storageCanaries,
  ...storeCanaries,
  ...endingsCanaries,
  ...netCanaries,
  ...peerCanaries,
  ...tableCanaries,
  ...watchCanaries,
];
