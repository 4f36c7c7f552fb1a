/**
 * The members of a cluster, and which sets of them decide (§6, joint consensus). A configuration is
 * a value: it never changes, a change makes another one.
 *
 * Invariant: nothing is decided by no voters. A configuration without any has no quorum.
 *
 * @module
 */

/** A server that belongs to the cluster. */
export interface Member {
  /** The number of the server, written `n1`, `n2`, … for people. */
  readonly id: number;
  /** Names the folder of the server; another folder is another server. Empty: any folder will do. */
  readonly incarnation: string;
  /** Where the other servers reach it, `HOST:PORT`; empty where only the transport knows. */
  readonly peer: string;
  /** Where clients reach it, `HOST:PORT`; empty where there are none. */
  readonly client: string;
}

/** All members by what they do. A server may be among the outgoing voters and the learners. */
export interface Members {
  /** They elect and commit. */
  readonly voters: readonly Member[];
  /** The voters before a change that is under way: a decision needs a majority of them as well. */
  readonly outgoing: readonly Member[];
  /** They receive the log, and do not count. */
  readonly learners: readonly Member[];
}

/** The members that a change leads to. */
export type TargetMembers = Pick<Members, "voters" | "learners">;

/**
 * Members, and what they decide together.
 *
 * @example
 * ```ts
 * import { Configuration } from "@kontiki/kontiki/core";
 *
 * const three = Configuration.of([1, 2, 3]);
 * console.assert(three.hasQuorum((id) => id !== 2));
 * console.assert(!three.hasQuorum((id) => id === 2));
 * ```
 */
export class Configuration {
  /** The members, by what they do. */
  readonly members: Members;
  readonly #byId = new Map<number, Member>();

  /** These members, as they are. */
  constructor(members: Members) {
    this.members = members;
    const { voters, outgoing, learners } = members;
    // What a change says of a member counts, not what was said before it.
    for (const member of [...outgoing, ...learners, ...voters]) this.#byId.set(member.id, member);
  }

  /** Voters of which only the numbers are known. */
  static of(ids: readonly number[]): Configuration {
    const voters = ids.map((id) => ({ id, incarnation: "", peer: "", client: "" }));
    return new Configuration({ voters, outgoing: [], learners: [] });
  }

  /** A change of the voters is under way: the old and the new ones decide together. */
  get isJoint(): boolean {
    return this.members.outgoing.length > 0;
  }

  /** Every member, each once. */
  get all(): Iterable<Member> {
    return this.#byId.values();
  }

  /** The member with a number, if there is one. */
  member(id: number): Member | undefined {
    return this.#byId.get(id);
  }

  /** Whether a server, of which the folder may be known, elects and commits: an old or a new voter. */
  isVoter(id: number, incarnation = ""): boolean {
    const { voters, outgoing } = this.members;
    return isAmong(voters, id, incarnation) || isAmong(outgoing, id, incarnation);
  }

  /** Whether a server, of which the folder may be known, is a member. */
  has(id: number, incarnation = ""): boolean {
    return this.isVoter(id, incarnation) || isAmong(this.members.learners, id, incarnation);
  }

  /** Whether those for which it is true decide: a majority, in a joint configuration of each side. */
  hasQuorum(isTrue: (id: number) => boolean): boolean {
    return this.quorumValue((id) => isTrue(id) ? 1 : 0) === 1;
  }

  /** The highest value that a quorum has reached; 0 without any voters. */
  quorumValue(reachedBy: (id: number) => number): number {
    const { voters, outgoing } = this.members;
    const value = majorityValue(voters, reachedBy);
    return outgoing.length === 0 ? value : Math.min(value, majorityValue(outgoing, reachedBy));
  }
}

/** Whether a server is one of these members. An empty incarnation stands for any. */
function isAmong(members: readonly Member[], id: number, incarnation: string): boolean {
  for (const member of members) {
    if (member.id !== id) continue;
    if (incarnation === "" || member.incarnation === "") return true;
    if (incarnation === member.incarnation) return true;
  }
  return false;
}

/**
 * The highest value that a majority has reached; 0 for no members at all. Every turn asks several
 * times, so it makes no objects: members are few, and comparing each with each is faster.
 */
function majorityValue(members: readonly Member[], reachedBy: (id: number) => number): number {
  let highest = 0;
  for (const { id } of members) {
    const value = reachedBy(id);
    if (value <= highest) continue;
    let count = 0;
    for (const other of members) if (reachedBy(other.id) >= value) count++;
    if (2 * count > members.length) highest = value;
  }
  return highest;
}
