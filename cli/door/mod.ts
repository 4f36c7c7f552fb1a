/**
 * The HTTP port of a node and of a local cluster: what is served there.
 *
 * @module
 */

export { type Access, accessOf } from "./access.ts";
export { type ClusterDoor, type ClusterDoorOptions, openClusterDoor } from "./cluster_door.ts";
export { clusterHealth } from "./health.ts";
export { liveStyle, sharedScript } from "./live_page.ts";
export { openNodeDoor } from "./node_door.ts";
