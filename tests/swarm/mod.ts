/**
 * Random load under random faults, seed by seed, with everything checked.
 *
 * @module
 */

export { runKvSwarm } from "./kv_swarm.ts";
export { runSwarm, type SwarmOutcome, type SwarmResult } from "./swarm.ts";
export { walk } from "./walk.ts";
