/**
 * Random load under random faults, by seed, with all checks.
 *
 * @module
 */

export { runKvSwarm } from "./kv_swarm.ts";
export { changesMembers, runSwarm, type SwarmOutcome, type SwarmResult } from "./swarm.ts";
export { walk } from "./walk.ts";
