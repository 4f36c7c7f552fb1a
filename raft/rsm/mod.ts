/**
 * The replicated state machine, above a log and below a service.
 *
 * @module
 */

export { ask, submit } from "./promises.ts";
export { Rsm } from "./rsm.ts";
export type { Log, Outcome, RsmOptions } from "./rsm_options.ts";
