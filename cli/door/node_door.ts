/**
 * The HTTP port of one node.
 *
 * @module
 */

import { type Address, parseAddress } from "../../net/mod.ts";
import type { Sample } from "../../net/http/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { NodeReport } from "../table/mod.ts";
import type { Access } from "./access.ts";
import { type ClusterDoor, openClusterDoor, type Spans } from "./cluster_door.ts";
import { nodeHealth } from "./health.ts";
import { HttpNodes } from "./http_nodes.ts";
import { listening } from "../metrics/mod.ts";
import { MemberSession, placesOf } from "./member_session.ts";

/** The name of the socket behind the gate, within the folder of a node. */
const HTTP_SOCKET = "http.sock";

/** Where to listen, and the tokens that are wanted. */
export interface HttpSettings {
  readonly address: Address;
  readonly access: Access;
  /** Runs the handler of a route in a span of this name. @default {no spans} */
  readonly spans?: Spans | null;
}

/** A node that serves. */
export interface ServingNode {
  /** Where it listens for clients. */
  readonly clients: Address | null;
  /** Where it answers HTTP, once the port is open. */
  http: string | null;
  report(): NodeReport;
  /** Its metrics. */
  samples(): readonly Sample[];
}

/** What the port takes from the settings of its node. */
export interface NodeDoorSettings {
  readonly id: NodeId;
  readonly cluster: string;
  /** The folder of the node. */
  readonly data: string;
  readonly log: { warn(line: string): void };
}

/** Opens the port of a node that serves. */
export async function openNodeDoor(
  node: ServingNode,
  { id, cluster, data, log }: NodeDoorSettings,
  { address, access, spans = null }: HttpSettings,
): Promise<ClusterDoor> {
  const own = node.clients;
  if (own === null) throw new RangeError("Cannot listen for HTTP: wanted --clients with --http");
  const others = (): string[] =>
    [...placesOf(node.report())].flatMap(([other, at]) => other === id ? [] : [at]);
  const listener = listening(
    { address, role: "HTTP" },
    () => Deno.listen({ ...address, transport: "tcp" }),
  );
  const ownPlace = textOf(reachable(own));
  const session = new MemberSession(
    cluster,
    () => new Map([...placesOf(node.report()), [id, ownPlace]]),
  );
  const nodes = new HttpNodes({ own: () => node.report(), others, cluster });
  try {
    const door = await openClusterDoor({
      ...{
        listener,
        access,
        cluster,
        spans,
        host: address.hostname,
        socket: `${data}/${HTTP_SOCKET}`,
      },
      endpoints: [ownPlace, ...others()],
      session,
      health: nodeHealth(() => node.report()),
      samples: () => node.samples(),
      nodes: () => nodes.list(),
      log: (line) => log.warn(line),
    });
    node.http = urlOf(door.address);
    return {
      ...door,
      close: async () => {
        nodes.close();
        await door.close();
        session.close();
      },
    };
  } catch (error) {
    listener.close();
    nodes.close();
    session.close();
    throw error;
  }
}

/** The URL for clients; `null`: the node listens on all interfaces, which names no address. */
function urlOf({ hostname, port }: Address): string | null {
  if (isAny(hostname)) return null;
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function isAny(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** Where this process reaches its own port: an address that stands for all leads to the loopback. */
function reachable(address: Address): Address {
  return isAny(address.hostname) ? { ...address, hostname: "127.0.0.1" } : address;
}

function textOf({ hostname, port }: Address): string {
  const text = hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  // An interface may be part of an IPv6 address, which no client address has.
  return parseAddress(text) === null ? `127.0.0.1:${port}` : text;
}
