/**
 * The helper layer for scenarios of the labs, and their runner.
 *
 * @module
 */

export { KvClient, KvTester } from "./kv_tester.ts";
export { ELECTION_ALLOWANCE_MS, LabGroup } from "./lab_group.ts";
export {
  type Arena,
  type ArenaEnd,
  type ArenaSetup,
  chooseScenarios,
  failureLines,
  type LabResult,
  runScenario,
  type Usage,
} from "./lab_runner.ts";
export { type LabScenario, labScenario } from "./lab_scenario.ts";
export { type Service, serviceScenario } from "./service_scenario.ts";
export { simArena, tracedArena } from "./sim_arena.ts";
