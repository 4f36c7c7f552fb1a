/**
 * The HTTP port of a node and of a local cluster: what is served there.
 *
 * @module
 */

export { type Access, accessOf } from "./access.ts";
export { type ClusterDoor, type ClusterDoorOptions, openClusterDoor } from "./cluster_door.ts";
export { clusterHealth } from "./health.ts";
export { ListenError, listening } from "./listening.ts";
export { METRICS } from "./metrics.ts";
export { liveStyle, sharedScript } from "./live_page.ts";
export { openNodeDoor } from "./node_door.ts";
export { LEADERS_REQUEST, type LeaderSeen } from "./leaders.ts";
export { METRICS_REQUEST, type NodeCounters, nodeSamples, samplesOf } from "./samples.ts";
