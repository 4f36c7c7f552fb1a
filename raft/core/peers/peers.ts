/**
 * The peers of a leader: the other members as its configuration has them, and for a while those that
 * have just been removed, so that they learn of it (M7).
 *
 * Invariant: a member with another incarnation is another server, about which nothing is known yet.
 *
 * @module
 */

import type { Configuration, Member, Placed } from "../members/mod.ts";
import type { FullRaftOptions, Images, Index, NodeId, PeerStatus } from "../model/mod.ts";
import { CatchUp } from "./catch_up.ts";
import { Progress } from "./progress.ts";

/** After so many election timeouts a removed peer is given up. */
const FAREWELL_TIMEOUTS = 4;

interface Peer {
  readonly incarnation: string;
  readonly progress: Progress;
  readonly catchUp: CatchUp;
  /** The entry that removed it; `null`: it is a member. */
  removedBy: Index | null;
  /** Ticks since then. */
  removedTicks: number;
}

/** All peers of one leader. */
export class Peers {
  readonly #options: FullRaftOptions;
  readonly #peers = new Map<NodeId, Peer>();
  /** The same as a list: every turn goes through it several times. */
  #all: readonly Progress[] = [];

  /** The peers of a leader that has just been elected. */
  constructor(options: FullRaftOptions, placed: Placed, last: Index) {
    this.#options = options;
    this.follow(placed, last);
  }

  /** A configuration has come into force; the log ends at `last`. */
  follow({ configuration, index }: Placed, last: Index): void {
    for (const member of configuration.all) {
      if (member.id !== this.#options.id) this.#admit(member, last);
    }
    for (const [id, peer] of this.#peers) {
      if (configuration.member(id) === undefined) peer.removedBy ??= index;
    }
    this.#list();
  }

  /** What is known of a peer. */
  get(id: NodeId): Progress | undefined {
    return this.#peers.get(id)?.progress;
  }

  /** What is known of each peer. */
  get all(): readonly Progress[] {
    return this.#all;
  }

  /** Whether a peer receives entries as fast as they come (M5). */
  hasCaughtUp(id: NodeId): boolean {
    const peer = this.#peers.get(id);
    return peer !== undefined && peer.catchUp.isDone && peer.progress.isActive;
  }

  /** Time passes. */
  tick(last: Index): void {
    for (const [id, peer] of this.#peers) {
      const { progress, removedBy } = peer;
      progress.tick();
      peer.catchUp.tick(progress.match, last);
      if (removedBy === null) continue;
      const isTold = progress.match >= removedBy && progress.commitTold >= removedBy;
      const isLate = ++peer.removedTicks > FAREWELL_TIMEOUTS * this.#options.electionTicks;
      if (!isTold && !isLate) continue;
      this.#peers.delete(id);
      this.#list();
    }
  }

  /** The highest value that a quorum has reached; `own` is that of the leader, if it votes. */
  quorumValue(
    configuration: Configuration,
    own: number,
    reachedBy: (peer: Progress) => number,
  ): number {
    return configuration.quorumValue((id) => {
      if (id === this.#options.id) return own;
      const peer = this.get(id);
      return peer === undefined ? 0 : reachedBy(peer);
    });
  }

  /** The voter that can take over with the least delay; `null`: none answers. */
  best({ members }: Configuration): NodeId | null {
    const voters = members.voters.flatMap(({ id }) => this.get(id) ?? []);
    const active = voters.filter(({ isActive }) => isActive);
    return active.sort((one, other) => other.match - one.match)[0]?.id ?? null;
  }

  /** A look from outside. */
  status(images: Images): PeerStatus[] {
    return [...this.#peers.values()].map(({ progress }) => {
      return { ...progress.status(images), caughtUp: this.hasCaughtUp(progress.id) };
    });
  }

  #list(): void {
    this.#all = [...this.#peers.values()].map(({ progress }) => progress);
  }

  #admit({ id, incarnation }: Member, last: Index): void {
    const before = this.#peers.get(id);
    const isSame = before !== undefined &&
      (before.incarnation === incarnation || before.incarnation === "");
    const progress = isSame ? before.progress : new Progress(id, last + 1, this.#options);
    const catchUp = isSame ? before.catchUp : new CatchUp(last, this.#options.electionTicks);
    this.#peers.set(id, { incarnation, progress, catchUp, removedBy: null, removedTicks: 0 });
  }
}
