/**
 * What this server is by the configurations of its log: a voter that may stand for election, a learner
 * or another bystander, or a former member.
 *
 * @module
 */

import { Configuration, type Members, type Placed } from "../members/mod.ts";
import type { Index, Log, NodeId, RaftOptions } from "../model/mod.ts";

/** One server's own view of its place in the cluster. */
export class Membership {
  readonly #id: NodeId;
  readonly #incarnation: string;
  readonly #log: Log;
  /** Whether this server was a member by a committed configuration. */
  #wasMember: boolean;
  /** The index as of which a member says that this server was removed; 0: no member says it. */
  #removedAt: Index = 0;
  /** What {@linkcode takeNews} has returned, or was in force at the start. */
  #known: Placed;

  constructor({ id, peers, founders = null, incarnation = "" }: RaftOptions, log: Log) {
    this.#id = id;
    this.#incarnation = incarnation;
    this.#log = log;
    this.#known = log.placed;
    const first = founders === null ? Configuration.of(peers) : new Configuration(founders);
    this.#wasMember = first.has(id, incarnation);
  }

  /** Whether this server is a voter of the configuration in force. */
  get isVoter(): boolean {
    return this.#isVoter(this.#log.placed);
  }

  /**
   * Whether this server may stand for election: as a voter of the configuration in force or, as long
   * as that may be cut off, of one before it. The other voters may need its vote, and after a restart
   * it does not know which of them was committed last (M9).
   */
  mayStand(commit: Index): boolean {
    if (this.isRemoved(commit)) return false;
    return this.#log.placedFrom(commit).some((placed) => this.#isVoter(placed));
  }

  /** Whether this server was removed by a committed entry; a later entry may add it again. */
  isRemoved(commit: Index): boolean {
    const { placed } = this.#log;
    if (this.#removedAt > 0 && this.#removedAt >= placed.index) return true;
    // An addition that was cut off before it was committed is no removal.
    this.#wasMember ||= this.#log.placedFrom(0).some((placed) => {
      return placed.index <= commit && this.#isMember(placed);
    });
    return this.#wasMember && placed.index <= commit && !this.#isMember(placed);
  }

  /** A member says that this server is none, by all that is committed up to an index. */
  removed(commit: Index): void {
    this.#removedAt = Math.max(this.#removedAt, commit);
  }

  /** Whether another server is known to be no member, by all that is committed up to an index. */
  excludes(other: NodeId, commit: Index): boolean {
    const placed = this.#log.placedAt(commit);
    // A server that is to be a member itself may not know the configurations before that.
    return this.#isMember(placed) && !placed.configuration.has(other);
  }

  /** The members in force, if they are others than at the last call. */
  takeNews(): Members | null {
    const { placed } = this.#log;
    if (placed === this.#known) return null;
    this.#known = placed;
    return placed.configuration.members;
  }

  #isVoter({ configuration }: { readonly configuration: Configuration }): boolean {
    return configuration.isVoter(this.#id, this.#incarnation);
  }

  #isMember({ configuration }: Placed): boolean {
    return configuration.has(this.#id, this.#incarnation);
  }
}
