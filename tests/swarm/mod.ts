/**
 * Random load under random faults, by seed, with all checks.
 *
 * @module
 */

export { Chaos } from "./chaos.ts";
export { type KvSwarmOptions, type KvSwarmResult, runKvSwarm } from "./kv_swarm.ts";
export { runSwarm, type SwarmOutcome, type SwarmResult } from "./swarm.ts";
export { type PlanOptions, planSwarm, type SwarmPlan } from "./swarm_plan.ts";
export { walk } from "./walk.ts";
