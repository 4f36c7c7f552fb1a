/**
 * The replicated state machine, between a log and a service.
 *
 * @module
 */

export { ask, submit } from "./promises.ts";
export { Rsm } from "./rsm.ts";
export type { Outcome, ReplicatedLog, RsmOptions } from "./rsm_options.ts";
export { Slab } from "./slab.ts";
export { TurnTime } from "./turn_time.ts";
