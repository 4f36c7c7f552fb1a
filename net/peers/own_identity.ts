/**
 * What a node is for its peers, and which members it knows at the moment.
 *
 * @module
 */

import {
  Configuration,
  type Members,
  NO_STARTS,
  type NodeId,
  type Position,
} from "../../raft/mod.ts";
import type { PeerIdentity, TcpTransportOptions } from "../wire/mod.ts";
import { PEER_VERSIONS, type Self } from "./peer_hello.ts";

const NO_IDS: PeerIdentity = {
  ...{ clusterId: "", incarnation: "", founders: null, certificate: null, client: "" },
  held: () => ({ index: 0, term: 0 }),
  ...{ starts: NO_STARTS, heard: [] },
};

/** What stays and what changes of it. */
export class OwnIdentity {
  readonly #fixed: Omit<Self, "incarnationOf" | "asOf"> & PeerIdentity;
  #configuration: Configuration;
  #asOf: Position = { index: 0, term: 0 };

  constructor(options: TcpTransportOptions) {
    const { cluster, id, peers, identity = NO_IDS, versions: spoken = PEER_VERSIONS } = options;
    const versions = { ...spoken, features: options.features ?? spoken.features };
    const began = peers.length === 0 ? [] : [...new Set([...peers, id])].sort((a, b) => a - b);
    this.#fixed = { ...identity, cluster, id, members: began.join(), versions };
    const { founders } = identity;
    this.#configuration = founders === null ? Configuration.of([]) : new Configuration(founders);
  }

  /** From now on these are the members. */
  know(members: Members, asOf: Position): void {
    this.#configuration = new Configuration(members);
    this.#asOf = asOf;
  }

  /** What it is at the moment. */
  get now(): Self & PeerIdentity {
    const configuration = this.#configuration;
    const incarnationOf = (id: NodeId): string => configuration.member(id)?.incarnation ?? "";
    return { ...this.#fixed, incarnationOf, asOf: this.#asOf };
  }
}
