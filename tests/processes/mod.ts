/**
 * Clusters of real processes, and long runs of them under all faults.
 *
 * @module
 */

export { ProcessArena } from "./process_arena.ts";
export { ProcessServiceCluster } from "./process_service_cluster.ts";
export {
  isWell,
  runSoak,
  type SoakEpoch,
  type SoakResult,
  type SoakSample,
  type SoakSecond,
} from "./soak.ts";
export { changeMember } from "./soak_faults.ts";
export { soakPage } from "./soak_page.ts";
