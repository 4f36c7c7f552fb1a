/**
 * What a node says of itself to the outside: listeners and their errors, metrics, leaders. It is apart
 * from the HTTP port, which a node loads only if it has one.
 *
 * @module
 */

export { ListenError, listening } from "./listening.ts";
export { LeaderHistory, LEADERS_REQUEST, type LeaderSeen } from "./leaders.ts";
export { METRICS } from "./metrics.ts";
export {
  httpSamples,
  METRICS_REQUEST,
  type NodeCounters,
  nodeSamples,
  samplesOf,
} from "./samples.ts";
