/**
 * Logs refusals by peers that last until a person acts.
 *
 * @module
 */

import type { TcpTransportOptions } from "../../../net/mod.ts";
import { nodeName } from "../../table/mod.ts";
import type { NodeLog } from "./node_log.ts";

const VERSIONS = "Run the same version of this program on all nodes of a cluster";

/** The remedy of each such reason. */
const ADVICE: Readonly<Record<string, string>> = {
  wrongCluster:
    "Start this node with the --cluster of the others, or with the addresses of its own " +
    "cluster in --peers",
  otherFolder:
    "Start this node with the folder that the cluster knows; if that is lost, start it with an empty " +
    "one and run kontiki member replace",
  replaced: "The folder of this node is not needed any more: delete it",
  olderCopy:
    "Start this node with the latest copy of its folder, or with an empty one, and then run kontiki " +
    "member replace",
  otherMembers: "Start all nodes of a cluster with the same --peers",
  notAPeer: "Start this node with the --id and the address that the others have for it in --peers",
  wrongPort: "Give this node the addresses for peers, not for clients, in --peers",
  wrongVersion: VERSIONS,
  badHello: VERSIONS,
};

/** Logs each refusal of each peer once, and calls what is to be done about some. */
export function refusedLog(
  log: NodeLog,
  acts: Readonly<Record<string, (detail: string) => void>> = {},
): NonNullable<TcpTransportOptions["refused"]> {
  const logged = new Set<string>();
  return (peer, { reason, detail }) => {
    acts[reason]?.(detail);
    const advice = ADVICE[reason];
    const key = `${peer} ${reason}`;
    if (advice === undefined || logged.has(key)) return;
    logged.add(key);
    log.error(`${nodeName(peer)} refuses this node: ${detail}. ${advice}`);
  };
}
