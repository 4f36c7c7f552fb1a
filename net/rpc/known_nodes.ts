/**
 * The nodes of a cluster as a client knows them: those that it was given, and the members that nodes
 * have named since. So one address is enough, and a client follows its cluster when members change.
 *
 * Invariants: as soon as a node has said of which cluster it is, no node of another cluster is asked
 * (I1); there are no more nodes than were given and the latest known members, which are committed; at
 * most one question for the members is under way (C5).
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import { RpcClient } from "./rpc_client.ts";
import { parseAddress } from "../wire/mod.ts";

/** What a client sends to get a report, which names the members and their addresses. */
export const REPORT_REQUEST = "report";

/** A node. */
interface KnownNode {
  readonly endpoint: string;
  readonly client: RpcClient;
  readonly isGiven: boolean;
  /** What a member list says; the node itself says it when it is reached. */
  id: NodeId | null;
}

/** The members, as of an entry of the log. */
interface NamedMembers {
  readonly asOf: number;
  readonly clients: readonly { readonly id: NodeId; readonly endpoint: string }[];
}

/** The members are asked for again after this time, when there are operations. */
const STALE_MS = 5_000;
/** No node is asked more often than that. */
const PAUSE_MS = 200;
const ANSWER_MS = 2_000;
/** More than any cluster has: what a node names beyond is passed over. */
const MEMBERS_MAX = 64;

/** The nodes that a client may ask, by places, which are never given anew. */
export class KnownNodes {
  /** The places of all nodes. The list changes when members do. */
  readonly places: number[] = [];
  readonly #nodes = new Map<number, KnownNode>();
  readonly #cluster: string | null;
  #nextPlace = 0;
  /** The members that are known are those as of this entry. */
  #asOf = -1;
  #askedAt = -Infinity;
  #isAsking = false;
  #isClosed = false;

  /** Throws a `RangeError` if there is no address, or one that is none. */
  constructor(endpoints: readonly string[], cluster: string | null) {
    if (endpoints.length === 0) throw new RangeError("Cannot connect: wanted addresses, got none");
    this.#cluster = cluster;
    for (const endpoint of endpoints) {
      if (this.#add({ endpoint, id: null, isGiven: true })) continue;
      throw new RangeError(`Cannot connect: wanted HOST:PORT, got "${endpoint}"`);
    }
  }

  /** The node at a place; another one if it is none any more. */
  client(place: number): RpcClient {
    return (this.#nodes.get(place) ?? this.#nodes.get(this.places[0]!)!).client;
  }

  /** The place of the node with an id; `null`: it is not known, and the others are asked. */
  find(id: NodeId): number | null {
    for (const [place, node] of this.#nodes) if (idOf(node) === id) return place;
    this.ask();
    return null;
  }

  /** An operation begins: now and then the members are asked for. */
  used(): void {
    if (performance.now() - this.#askedAt > STALE_MS) this.ask();
  }

  /** Asks connected nodes for the members, unless that was just done. */
  ask(): void {
    const isEarly = performance.now() - this.#askedAt < PAUSE_MS;
    if (this.#isClosed || this.#isAsking || isEarly) return;
    this.#askedAt = performance.now();
    this.#isAsking = true;
    this.#askEach().finally(() => this.#isAsking = false);
  }

  /** Closes all connections. */
  close(): void {
    this.#isClosed = true;
    for (const { client } of this.#nodes.values()) client.close();
  }

  async #askEach(): Promise<void> {
    const nodes = [...this.#nodes.values()];
    const connected = nodes.filter(({ client }) => client.isConnected);
    // At first none is connected: the first will be soon.
    for (const { client } of connected.length > 0 ? connected : nodes.slice(0, 1)) {
      const outcome = await client.call(REPORT_REQUEST, { withinMs: ANSWER_MS });
      if (this.#isClosed) return;
      const named = outcome.kind === "replied" ? namedMembers(outcome.payload) : null;
      if (named === null || named.asOf < this.#asOf) continue;
      return this.#take(named, client.server?.clusterId ?? "");
    }
  }

  #take({ asOf, clients }: NamedMembers, clusterId: string): void {
    this.#asOf = asOf;
    for (const { id, endpoint } of clients) {
      const known = [...this.#nodes.values()];
      const same = known.find((node) => node.endpoint === endpoint);
      if (same !== undefined) same.id = id;
      else if (!known.some((node) => idOf(node) === id && node.client.isConnected)) {
        this.#add({ endpoint, id, isGiven: false });
      }
    }
    for (const [place, { endpoint, isGiven, client }] of this.#nodes) {
      if (isGiven || clients.some((member) => member.endpoint === endpoint)) continue;
      this.#nodes.delete(place);
      this.places.splice(this.places.indexOf(place), 1);
      client.close();
    }
    if (clusterId === "") return;
    for (const { client } of this.#nodes.values()) client.stayWith(clusterId);
  }

  /** False: the address is none. */
  #add(node: Omit<KnownNode, "client">): boolean {
    const server = parseAddress(node.endpoint);
    if (server === null) return false;
    const client = new RpcClient({ server, cluster: this.#cluster });
    const place = this.#nextPlace++;
    this.#nodes.set(place, { ...node, client });
    this.places.push(place);
    return true;
  }
}

function idOf({ id, client }: KnownNode): NodeId | null {
  return client.server?.id ?? id;
}

/** What a report says of the members, if they are committed; `null`: nothing to rely on. */
function namedMembers(report: unknown): NamedMembers | null {
  if (typeof report !== "object" || report === null) return null;
  const { status, clients } = report as Record<string, unknown>;
  if (typeof status !== "object" || status === null || !Array.isArray(clients)) return null;
  const { membersIndex: asOf, commit } = status as Record<string, unknown>;
  if (typeof asOf !== "number" || typeof commit !== "number" || asOf > commit) return null;
  const named = clients.slice(0, MEMBERS_MAX).filter((client) =>
    typeof client?.id === "number" && typeof client.endpoint === "string"
  );
  return named.length === 0 ? null : { asOf, clients: named };
}
