/**
 * Commands on a cluster that runs, and the processes of a local one.
 *
 * @module
 */

export { checkRequest } from "./check_request.ts";
export { faultsText } from "./faults_text.ts";
export { freePort } from "./free_port.ts";
export { isThere, LocalCluster, prepareCluster, readClusterFile } from "./local_cluster.ts";
export { lastLines, NodeProcess } from "./node_process.ts";
export {
  onCluster,
  openLocalSession,
  openNodes,
  withRemoteSession,
  withSession,
} from "./open_session.ts";
export { parseEndpoint } from "./remote/mod.ts";
export { runProgram } from "./run_program.ts";
export { silenceText, troubleText } from "./trouble.ts";
export { untilServing } from "./until_serving.ts";
export { acquire, giveBack, lockOf, notHeld, untilLost } from "./lock_command.ts";
