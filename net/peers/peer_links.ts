/**
 * The links of a node to its peers while members come and go. A **guest** is a peer that is no member
 * by what this node knows: it may be one in a configuration that has not arrived here yet, or be one
 * that has to hear that it was removed.
 *
 * Invariant: guests are bounded in number, and dismissed when they were silent for a while.
 *
 * @module
 */

import { Configuration, type Members, type NodeId } from "../../raft/mod.ts";
import { type Address, parseAddress } from "../wire/mod.ts";
import { type Line, LINES } from "./peer_hello.ts";
import type { PeerLink } from "./peer_link.ts";
import type { AddressSource } from "./peer_link_options.ts";

/** For how long a guest stays connected after its last sign of life. */
const GUEST_MS = 10_000;
/** The largest number of guests that are connected at a time. */
const GUESTS_MAX = 16;

/** Both lines to one peer. */
export type Links = Readonly<Record<Line, PeerLink>>;

/**
 * Where a node listens, `HOST:PORT`; empty if it does so everywhere. One that the members do not name
 * any more says so itself, since it may have to hear that it was removed.
 */
export function textOf({ hostname, port }: Address): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "";
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** What {@linkcode PeerLinks} is made of. */
export interface PeerLinksOptions {
  /** This server. */
  readonly id: NodeId;
  /** Makes the links to a peer, which do not dial before they have an address. */
  readonly make: (peer: NodeId) => Links;
  readonly now: () => number;
}

/** The links to all peers. */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #links = new Map<NodeId, Links>();
  /** When each guest was heard last. */
  readonly #guests = new Map<NodeId, number>();
  #advertised = "";

  constructor(options: PeerLinksOptions, peers: readonly NodeId[]) {
    this.#options = options;
    for (const peer of peers) this.#linkUp(peer);
  }

  /** Where the members have this node, `HOST:PORT`; empty: they do not say. */
  get advertised(): string {
    return this.#advertised;
  }

  /** The links to one peer. */
  get(id: NodeId): Links | undefined {
    return this.#links.get(id);
  }

  /** The links to each peer. */
  [Symbol.iterator](): Iterator<[NodeId, Links]> {
    return this.#links[Symbol.iterator]();
  }

  /** Every link. */
  *all(): Generator<PeerLink> {
    for (const links of this.#links.values()) for (const line of LINES) yield links[line];
  }

  /** An address of a peer, beside that which the members have for it. False: there is no such peer. */
  setAddress(id: NodeId, address: Address): boolean {
    return this.#setAddress(id, address, "other");
  }

  #setAddress(id: NodeId, address: Address, source: AddressSource): boolean {
    const links = this.#links.get(id);
    for (const line of LINES) links?.[line].setAddress(address, source);
    return links !== undefined;
  }

  /** From now on these are the members; the peers that are none are guests. */
  connect(members: Members): void {
    const configuration = new Configuration(members);
    for (const { id, peer } of configuration.all) {
      if (id === this.#options.id) this.#advertised = peer;
      else {
        this.#guests.delete(id);
        this.#linkUp(id);
        const address = parseAddress(peer);
        if (address !== null) this.#setAddress(id, address, "member");
      }
    }
    const now = this.#options.now();
    for (const id of this.#links.keys()) {
      if (configuration.member(id) === undefined && !this.#guests.has(id)) {
        this.#guests.set(id, now);
      }
    }
  }

  /** Whether a peer may connect that says where it listens. An unknown one becomes a guest. */
  admit(id: NodeId, listensAt: string): boolean {
    if (this.#links.has(id)) return true;
    const address = parseAddress(listensAt);
    if (id === this.#options.id || address === null || this.#guests.size >= GUESTS_MAX) {
      return false;
    }
    this.#linkUp(id);
    this.setAddress(id, address);
    this.#guests.set(id, this.#options.now());
    return true;
  }

  /** Hangs up on guests that are neither connected nor were heard for a while. */
  dismissGuests(connected: ReadonlySet<NodeId>): void {
    const now = this.#options.now();
    for (const [id, heardAt] of this.#guests) {
      if (connected.has(id)) this.#guests.set(id, now);
      else if (now - heardAt >= GUEST_MS) {
        for (const line of LINES) this.#links.get(id)?.[line].close();
        this.#links.delete(id);
        this.#guests.delete(id);
      }
    }
  }

  #linkUp(peer: NodeId): void {
    if (peer === this.#options.id || this.#links.has(peer)) return;
    this.#links.set(peer, this.#options.make(peer));
  }
}
