/**
 * The simulator: one seed determines time, network, disks and crashes.
 *
 * @module
 */

export { DurableLog } from "./watcher/mod.ts";
export { SeededRandom } from "./seeded_random.ts";
export { SimCluster } from "./sim_cluster.ts";
export type { MachineContext } from "./sim_options.ts";
export { type DiskImage, SimDisk } from "./sim_disk.ts";
export { permittedInSave, type SimFilesOptions } from "./sim_home.ts";
export { SimServiceCluster, type TableSizes } from "./sim_service_cluster.ts";
export { formatEnvelope, formatPosition, Trace, type TraceEvent } from "./watcher/mod.ts";
export { VirtualClock } from "./virtual_clock.ts";
export { Violation, Watcher } from "./watcher/mod.ts";
