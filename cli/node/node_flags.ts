/**
 * The settings of a node, from its flags and from what its folder knows already. A folder that belongs
 * to a cluster needs no flag: later starts need only `--data`.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";
import { DenoFiles, type Folder, type NodeId, readFolder } from "../../raft/mod.ts";
import { attempt, type CommandContext, UsageError } from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import { parseEndpoint } from "../cluster/mod.ts";
import type { Entry, NodeSettings } from "./node_settings.ts";

type NodeOptions = CommandContext<Row<"node">>["options"];

/** What the flags and the folder say together. */
export async function settingsOf(options: NodeOptions): Promise<Omit<NodeSettings, "log">> {
  const { data, control, machine, tickMs } = options;
  if (machine !== "kv" && !control) {
    throw usage(`Cannot use --machine ${machine}: wanted --control with it`);
  }
  const peers = peersOf(options.peers ?? []);
  const clientParts = options.clients ?? [];
  for (const part of clientParts) parseEndpoint(part.replace(/^n?\d{1,5}=/, ""));
  const folder = await folderAt(data);
  const id = options.id ?? folder?.identity.node;
  if (id === undefined) throw usage("Cannot start the node: wanted --id, as its folder is empty");
  const own = options.peer === null ? peers.get(id) : parseEndpoint(options.peer);
  const hasIds = folder !== null ||
    [own, ...peers.values()].every((place) => place === undefined || isFixed(place));
  const listen = own ?? addressOf(folder?.peer);
  if (listen === null && hasIds) {
    throw usage("Cannot start the node: wanted --peer or --peers with its address, got none");
  }
  const { clients, clientsOfAll } = clientAddresses(clientParts, id);
  const entry = entryOf(options);
  if (entry.kind === "bootstrap" && hasIds && !peers.has(id)) {
    throw usage(`Cannot use --bootstrap: wanted --peers with all nodes and ${id} among them`);
  }
  return {
    ...{ id, peers, listen, entry, data, hasIds, control, machine, tickMs, clientsOfAll },
    cluster: options.cluster ?? folder?.identity.cluster ?? "kontiki",
    clients: clients ?? addressOf(folder?.client),
    hasHttp: options.http !== null,
    isTraced: options.logLevel === "debug",
    logBytesMax: options.snapshotAfter,
    history: {
      bytes: options.historyBytes,
      ...options.history === null ? {} : { ms: options.history },
    },
  };
}

/** Whether other nodes can know the address before this node listens. */
function isFixed(place: Address | null): boolean {
  return place !== null && place.port > 0;
}

async function folderAt(data: string): Promise<Folder | null> {
  return await attempt(`open the folder ${data}`, async () => {
    try {
      return await readFolder(new DenoFiles(data), null);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  });
}

function addressOf(text: string | undefined): Address | null {
  return text === undefined || text === "" ? null : parseEndpoint(text);
}

function entryOf({ bootstrap, join, learner }: NodeOptions): Entry {
  if (bootstrap) return { kind: "bootstrap" };
  if (join === null) return { kind: "wait" };
  for (const endpoint of join) parseEndpoint(endpoint);
  return { kind: "join", endpoints: join, isLearner: learner };
}

function peersOf(parts: readonly string[]): ReadonlyMap<NodeId, Address | null> {
  const peers = new Map<NodeId, Address | null>();
  for (const part of parts) {
    const [, name, address] = /^n?(\d{1,5})(?:=(.+))?$/.exec(part) ?? [];
    if (name === undefined) {
      throw usage(`Cannot read --peers: wanted N=HOST:PORT, got "${part}"`);
    }
    addPeer(peers, { peer: Number(name), address });
  }
  return peers;
}

/** Refuses a list that names a node twice: nodes that are mixed up could form two majorities. */
function addPeer(
  peers: Map<NodeId, Address | null>,
  { peer, address }: { readonly peer: NodeId; readonly address: string | undefined },
): void {
  if (peers.has(peer)) {
    throw usage(`Cannot read --peers: wanted every node once, got ${peer} twice`);
  }
  const place = address === undefined ? null : parseEndpoint(address);
  for (const [other, known] of peers) {
    if (place === null || place.port === 0 || known === null) continue;
    if (known.hostname !== place.hostname || known.port !== place.port) continue;
    throw usage(
      `Cannot read --peers: wanted an address for each node, got ${address} for ${other} and ${peer}`,
    );
  }
  peers.set(peer, place);
}

/** `HOST:PORT`, or `N=HOST:PORT` for every node. */
function clientAddresses(
  parts: readonly string[],
  id: NodeId,
): { readonly clients: Address | null; readonly clientsOfAll: ReadonlyMap<NodeId, string> } {
  const [first] = parts;
  const clientsOfAll = new Map<NodeId, string>();
  if (first === undefined) return { clients: null, clientsOfAll };
  if (parts.length === 1 && !first.includes("=")) {
    return { clients: parseEndpoint(first), clientsOfAll };
  }
  for (const part of parts) {
    const [, name, address] = /^n?(\d{1,5})=(.+)$/.exec(part) ?? [];
    if (name === undefined || address === undefined) {
      throw usage(
        `Cannot read --clients: wanted HOST:PORT, or N=HOST:PORT for every node, got "${part}"`,
      );
    }
    clientsOfAll.set(Number(name), address);
  }
  const own = clientsOfAll.get(id);
  if (own === undefined) {
    throw usage(`Cannot read --clients: wanted an address for node ${id}, got none`);
  }
  return { clients: parseEndpoint(own), clientsOfAll };
}

function usage(message: string): UsageError {
  return new UsageError(message, "node");
}
