/**
 * The members of a node's cluster as the node knows them at each moment, so that its port follows when
 * nodes are added and replaced.
 *
 * @module
 */

import { Configuration, type NodeId } from "../../raft/mod.ts";
import { openNodes } from "../cluster/mod.ts";
import type { NodeReport, Session } from "../table/mod.ts";

/** What the page needs of a cluster. */
export type SeenCluster = Pick<
  Session,
  "cluster" | "ids" | "reports" | "ask" | "control" | "processes"
>;

/** Where the members of a node's cluster listen for clients, in the order of their ids. */
export function placesOf({ status, clients }: NodeReport): ReadonlyMap<NodeId, string> {
  const members = new Configuration(status.members);
  const known = clients.filter(({ id }) => members.has(id)).sort((one, other) => one.id - other.id);
  return new Map(known.map(({ id, endpoint }) => [id, endpoint]));
}

/** A session on the present members; only to look at. */
export class MemberSession implements SeenCluster {
  readonly cluster: string;
  readonly control = null;
  readonly processes = null;
  readonly #places: () => ReadonlyMap<NodeId, string>;
  #open: Session | null = null;
  #opened = "";

  constructor(cluster: string, places: () => ReadonlyMap<NodeId, string>) {
    this.cluster = cluster;
    this.#places = places;
  }

  get ids(): readonly NodeId[] {
    return this.#present().ids;
  }

  reports(): ReturnType<Session["reports"]> {
    return this.#present().reports();
  }

  ask(...request: Parameters<Session["ask"]>): ReturnType<Session["ask"]> {
    return this.#present().ask(...request);
  }

  close(): void {
    this.#open?.close();
  }

  #present(): Session {
    const places = this.#places();
    const wanted = JSON.stringify([...places]);
    if (this.#open !== null && wanted === this.#opened) return this.#open;
    this.#open?.close();
    this.#opened = wanted;
    return this.#open = openNodes(places, this.cluster);
  }
}
