/**
 * The interface of clusters under test, and the state machines that they run.
 *
 * @module
 */

export type { Applied, Cluster, Machine, Report, Scenario, Traffic } from "./cluster.ts";
export { CounterMachine, decodeCounter, FORBIDDEN, INCREMENT, NOTHING } from "./counter_machine.ts";
export { type DigestHistory, DigestMachine } from "./digest_machine.ts";
export { decodeNumber, describeCommand, encodeNumber, encodeText } from "./lab_command.ts";
export { LogMachine } from "./log_machine.ts";
export { isSameBytes, isSameEntry } from "./same_bytes.ts";
export type { ServiceCluster } from "./service_cluster.ts";
