/**
 * The control socket of a node: its faults, its counters, and what tests want of its machine.
 *
 * @module
 */

import {
  CONTROL_SOCKET,
  type FaultyTransport,
  openControl,
  type Plain,
  type RpcServer,
  type TcpTransport,
} from "../../net/mod.ts";
import type { Node } from "../../raft/mod.ts";
import type { CountingReport, NodeReport } from "../table/mod.ts";
import type { RunningMachine } from "./machines.ts";
import type { NodeSettings } from "./node_settings.ts";

/** What the socket gives access to. */
interface Controlled {
  readonly node: Node;
  readonly faulty: FaultyTransport;
  readonly transport: TcpTransport;
  readonly machine: RunningMachine;
  readonly report: () => NodeReport;
  readonly clientRefusals: () => CountingReport["clientRefusals"];
  readonly stop: () => void;
}

/** Opens the control socket in the folder of a node. */
export function openNodeControl(
  { id, cluster, data, log }: NodeSettings,
  { node, faulty, transport, machine, report, clientRefusals, stop }: Controlled,
): Promise<RpcServer> {
  const countingReport = (): Plain<CountingReport> => ({
    ...report(),
    traffic: { ...faulty.traffic },
    peerRefusals: transport.refusals(),
    clientRefusals: clientRefusals(),
  });
  return openControl({
    path: `${data}/${CONTROL_SOCKET}`,
    cluster,
    id,
    log: (line) => log.warn(line),
    target: {
      get faults() {
        return faulty.faults;
      },
      setFaults: (change) => faulty.setFaults(change),
      setPeer: (peer, address) => {
        if (peer !== id) transport.setPeer(peer, address);
      },
      propose: (command) => node.propose(command),
      report: countingReport,
      snapshot: () => machine.snapshot(),
      stop,
      machine: (request, reply) => machine.inspect(request, reply),
    },
  });
}
