/**
 * What is checked while simulated servers run, and what is written down of it.
 *
 * @module
 */

export { DurableLog } from "./durable_log.ts";
export { formatEnvelope, formatPosition, Trace, type TraceEvent } from "./trace.ts";
export { Violation, Watcher } from "./watcher.ts";
