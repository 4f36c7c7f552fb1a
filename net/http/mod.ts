/**
 * The HTTP port: a router for requests, and what keeps it safe.
 *
 * @module
 */

export {
  type Door,
  DOOR_LIMITS,
  type DoorLimits,
  type DoorLoad,
  type DoorOptions,
  openDoor,
} from "./door.ts";
export { type Health, type HealthCheck, healthRoutes } from "./health.ts";
export {
  metricOf,
  type MetricRow,
  metricsRoute,
  type MetricTable,
  prometheusText,
  type Sample,
  TimeBuckets,
} from "./metrics.ts";
export { HttpProblem, type ProblemDetails, type ProblemKind, PROBLEMS } from "./problem.ts";
export {
  type HttpCall,
  type HttpMethod,
  percentDecode,
  type Route,
  STREAM_SILENCE_MS,
} from "./router.ts";
export { bearerOf, TOKEN_WANTED, Tokens } from "./tokens.ts";
