/**
 * A session on nodes: joins the clerk of `kv/` with the calls of `net/`.
 *
 * @module
 */

import { type Call, Clerk, Watcher } from "../../../kv/mod.ts";
import { clerkCall, openWatchOf } from "../../../net/store/mod.ts";
import { type NodeId, SystemClock } from "../../../raft/mod.ts";
import type { Session } from "../../table/mod.ts";
import { newcomers, type RemoteNode } from "./remote_node.ts";

/** How long a node may take to answer a request about members. */
const askMsMax = 2_000;

/** A session on these nodes, and on those that they name later. */
export function makeSession(
  known: readonly RemoteNode[],
  rest: Pick<Session, "cluster" | "control" | "processes" | "isShell">,
): Session {
  // Members that are added later are named in the reports.
  const nodes = [...known];
  const clock = new SystemClock();
  const random = Math.random;
  // Clerks identify servers by their place in this list: a node that was not reached yet has no id.
  const placeOf = (id: NodeId) => nodes.findIndex((node) => node.id === id);
  const find = (id: NodeId) => placeOf(id) < 0 ? null : placeOf(id);
  const call: Call = (server, request, deadline, signal) => {
    const withinMs = deadline - clock.now();
    return clerkCall(nodes[server]!.client, { request, withinMs, signal });
  };
  return {
    ...rest,
    clock,
    random,
    nodes,
    get ids() {
      return nodes.flatMap((node) => node.id ?? []);
    },
    clerk: (only) => {
      const servers = only === undefined ? [...nodes.keys()] : [placeOf(only)];
      return new Clerk({ servers, find, call, clock, random, sessions: true });
    },
    ask: async (id, request) => {
      const outcome = await nodes[placeOf(id)]?.client.call(request, { withinMs: askMsMax });
      return outcome?.kind === "replied" ? outcome.payload : null;
    },
    watcher: (query) => {
      const servers = [...nodes.keys()];
      const open = openWatchOf((place) => nodes[place]!.client);
      return new Watcher({ servers, open, clock, random, query });
    },
    reports: async () => {
      const reports = await Promise.all(nodes.map((node) => node.report()));
      nodes.push(...newcomers(nodes, reports, rest.cluster));
      return reports;
    },
    close: () => nodes.forEach(({ client }) => client.close()),
  };
}
