/**
 * Safety, seen from outside: looks at every message sent, every save, every apply and every turn of
 * all nodes, and reports what must never be. What one server's state alone shows is left to
 * `raft/check.ts`, which it calls.
 *
 * What it holds against a cluster: one leader in a term, ever (§5.2); a leader holds everything
 * committed before its term (§5.4); logs that share a position share all before it (§5.3); all nodes
 * apply the same entry at an index, in order, and only what a quorum holds durably; term, commit
 * and applied never go back in a life, nor do the times of the log; and nothing is promised that is not durable: no vote, no
 * acknowledgement and no commit.
 *
 * @module
 */

import {
  checkRaft,
  Configuration,
  decodeMembers,
  type Entry,
  type Envelope,
  goesBack,
  type Index,
  InvariantError,
  type Members,
  type NodeId,
  type Raft,
  type Save,
  type Snapshot,
  type Status,
  type Term,
  type Vote,
} from "../../../raft/mod.ts";
import type { DurableLog } from "./durable_log.ts";
import { isSameEntry } from "../../cluster/mod.ts";
import { formatEnvelope, formatPosition } from "./trace.ts";

/** Something happened that must never happen. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Options of a {@linkcode Watcher}. */
export interface WatcherOptions {
  /** The members with which the cluster begins. */
  readonly begin: Configuration;
  /** The disk of each node. */
  readonly durable: ReadonlyMap<NodeId, DurableLog>;
  /** Called with every violation. */
  readonly report: (violation: Violation) => void;
}

/** An entry when it was first seen, with the term of the one before it. */
interface Known {
  readonly previousTerm: Term | null;
  readonly entry: Entry;
}

/** Checks all nodes of one run. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #leaders = new Map<Term, NodeId>();
  /** `#committed[place]` has index `place + 1`; entries before the first applied one are missing. */
  readonly #committed: (Entry | undefined)[] = [];
  /** The term of the node that applied it first: it was committed in that term or before. */
  readonly #committedIn: Term[] = [];
  /** Every entry ever saved, by index and term. */
  readonly #known: (Map<Term, Known> | undefined)[] = [];
  readonly #applied = new Map<NodeId, Index>();
  /** Up to here everything was seen to be held by a quorum of its leader's configuration. */
  #held: Index = 0;
  readonly #before = new Map<NodeId, Status>();
  readonly #cores = new Map<NodeId, Raft>();

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** The highest index that any node has applied. */
  get committed(): Index {
    return this.#committed.length;
  }

  /** The number of committed entries that changed the members, as far as any node applied them. */
  get memberChanges(): number {
    return this.#committed.filter((entry) => entry?.kind === "members").length;
  }

  /** The entry applied at an index, if any node did. */
  entryAt(index: Index): Entry | undefined {
    return this.#committed[index - 1];
  }

  /**
   * A node has started: it applies from its snapshot on, and knows at least what its disk holds.
   */
  started(id: NodeId): void {
    this.#applied.set(id, 0);
    this.#before.delete(id);
    this.#cores.delete(id);
  }

  /** A message leaves: the promise in it must be kept by the sender's disk. */
  sent(envelope: Envelope): void {
    const { from, to, term, message } = envelope;
    const durable = this.#durable(from);
    if (durable.term < term) this.#fail(`n${from} speaks of a term it has not saved`, envelope);
    // In a later term this promise cannot be broken any more, and the turn has gone on to save that
    // term.
    const isCurrent = durable.term === term;
    // A pre-vote promises nothing but its term.
    if ("preVote" in message && message.preVote) return;
    if (message.type === "requestVote") {
      if (isCurrent && durable.vote.votedFor !== from) {
        this.#fail(`n${from} asks for votes without its own`, envelope);
      }
    } else if (message.type === "requestVoteReply") {
      if (message.granted && isCurrent && durable.vote.votedFor !== to) {
        this.#fail(`n${from} grants a vote that it has not saved`, envelope);
      }
    } else if (message.type === "appendEntriesReply" && message.accepted) {
      if (isCurrent && !this.#isSaved(from, message.match)) {
        this.#fail(`n${from} acknowledges entries that it has not saved`, envelope);
      }
    } else if (message.type === "appendEntries") {
      if (message.commit > this.#heldBy(from)) {
        this.#fail(`n${from} announces a commit that no quorum holds`, envelope);
      }
      this.#held = Math.max(this.#held, message.commit);
    }
  }

  /** A save is durable. */
  saved(id: NodeId, { tail }: Save): void {
    if (tail === null) return;
    const durable = this.#durable(id);
    for (const entry of tail.entries) {
      const { index, term } = entry;
      const terms = this.#known[index] ??= new Map<Term, Known>();
      const previousTerm = durable.termAt(index - 1);
      const known = terms.get(term);
      if (known === undefined) {
        terms.set(term, { previousTerm, entry });
        continue;
      }
      const isSame = isSameEntry(known.entry, entry) &&
        (previousTerm === null || known.previousTerm === null ||
          known.previousTerm === previousTerm);
      if (!isSame) this.#fail(`two logs differ at or before ${formatPosition(entry)}`, id);
    }
  }

  /** Entries are about to be applied on a node. */
  applied(id: NodeId, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const before = this.#applied.get(id) ?? 0;
      if (entry.index !== before + 1) {
        this.#fail(`entry ${entry.index} is applied after ${before}`, id);
      }
      this.#applied.set(id, entry.index);
      const agreed = this.#committed[entry.index - 1];
      if (agreed === undefined) this.#commit(id, entry);
      else if (!isSameEntry(agreed, entry)) {
        const [ours, theirs] = [formatPosition(entry), formatPosition(agreed)];
        this.#fail(`${ours} is applied where ${theirs} was applied before`, id);
      }
    }
  }

  /** An image is about to replace the state of a node's application. */
  restored(id: NodeId, { last }: Snapshot): void {
    const before = this.#applied.get(id) ?? 0;
    if (last.index < before) this.#fail(`image ${last.index} is restored after ${before}`, id);
    this.#applied.set(id, last.index);
    const agreed = this.#committed[last.index - 1];
    if (agreed === undefined || agreed.term !== last.term) {
      this.#fail(`image ${formatPosition(last)} is restored, which no server applied`, id);
    }
  }

  /** A node ends because it was removed: some members without it must be committed (M7). */
  left(id: NodeId): void {
    const isWithout = (entry: Entry | undefined): boolean =>
      entry?.kind === "members" && !new Configuration(decodeMembers(entry.data)).has(id);
    if (!this.#committed.some(isWithout)) {
      this.#fail("ends as a removed member, and no members without it are committed (M7)", id);
    }
  }

  /** A turn has ended. Returns whether anything changed that belongs in the trace. */
  turned(id: NodeId, raft: Raft): { readonly status: Status; readonly isNews: boolean } {
    const before = this.#before.get(id) ?? null;
    const status = this.#check(raft, before);
    this.#cores.set(id, raft);
    this.#before.set(id, status);
    const applied = this.#committed[status.applied - 1];
    const term = raft.termAt(status.applied);
    if (applied !== undefined && term !== null && term !== applied.term) {
      this.#fail(`a log is cut at ${status.applied}, applied before`, id);
    }
    if (status.role === "leader") {
      this.#leads(status, raft);
      if (status.commit > this.#heldBy(id)) this.#fail("commits what no quorum holds", id);
      this.#held = Math.max(this.#held, status.commit);
      this.#checkMembers(status, before);
      const led = before?.role === "leader" && before.term === status.term;
      if (led && status.commit > before.commit && raft.termAt(status.commit) !== status.term) {
        this.#fail(
          `commits ${status.commit}, an entry of an earlier term, by counting (§5.4.2)`,
          id,
        );
      }
    }
    return { status, isNews: before === null || isChanged(before, status) };
  }

  #check(raft: Raft, before: Status | null): Status {
    try {
      return checkRaft(raft, before);
    } catch (error) {
      if (error instanceof InvariantError) this.#fail(error.message, raft.status().id);
      return raft.status();
    }
  }

  #leads({ id, term, base }: Status, raft: Raft): void {
    const known = this.#leaders.get(term);
    if (known === id) return;
    if (known !== undefined) this.#fail(`n${known} and n${id} both lead term ${term} (§5.2)`, id);
    this.#leaders.set(term, id);
    if (
      !raft.known.configuration.hasQuorum((voter) => this.#hasVoted(voter, { term, votedFor: id }))
    ) {
      this.#fail(`leads term ${term} without the votes of a quorum (§5.2, M4)`, id);
    }
    let index = this.#committed.length;
    // A leader of an earlier term that wins late may lack entries that a later leader has
    // committed.
    while (index > 0 && (this.#committedIn[index - 1] ?? 0) >= term) index--;
    const committed = this.#committed[index - 1];
    if (committed !== undefined && index > base.index && raft.termAt(index) !== committed.term) {
      this.#fail(
        `leads term ${term} without the committed ${formatPosition(committed)} (§5.4)`,
        id,
      );
    }
  }

  #commit(id: NodeId, entry: Entry): void {
    this.#committed[entry.index - 1] = entry;
    this.#committedIn[entry.index - 1] = this.#durable(id).term;
    const before = this.#committed[entry.index - 2];
    if (before !== undefined) this.#checkTimes(id, { before, entry });
    if (entry.index > this.#heldBy(id)) {
      this.#fail(`${formatPosition(entry)} is applied, but no quorum holds it`, id);
    }
  }

  /** Within one leadership, those that decide before and after a change have a member in common. */
  #checkMembers({ id, term, members }: Status, before: Status | null): void {
    if (before?.role !== "leader" || before.term !== term || before.members === members) return;
    if (mayPart(before.members, members)) {
      this.#fail("changes to members that may decide without the ones before (M1)", id);
    }
  }

  /** Whether a server voted so, as far as its disk tells: in a later term it does not any more. */
  #hasVoted(id: NodeId, { term, votedFor }: Vote): boolean {
    const durable = this.#durable(id);
    return durable.term > term || durable.term === term && durable.vote.votedFor === votedFor;
  }

  /** Time never goes back along the log, and stands still while there is no leader (K1, K2). */
  #checkTimes(id: NodeId, { before, entry }: { before: Entry; entry: Entry }): void {
    if (goesBack(before.times, entry.times)) {
      this.#fail(`the times of ${formatPosition(entry)} go back (K1)`, id);
    }
    if (entry.kind === "noop" && entry.times.steady !== before.times.steady) {
      this.#fail(
        `steady time ran before ${formatPosition(entry)}, while there was no leader (K2)`,
        id,
      );
    }
  }

  /**
   * The highest index that a node may take for committed: it was committed before, or a quorum of
   * its configuration holds it. Later configurations may have members that do not hold it yet.
   */
  #heldBy(id: NodeId): Index {
    const core = this.#cores.get(id);
    let index = this.#held;
    const configuration = core?.known.configuration ?? this.#options.begin;
    for (;;) {
      const term = (core ?? this.#durable(id)).termAt(index + 1);
      if (term === null) return index;
      const position = { index: index + 1, term };
      if (!configuration.hasQuorum((voter) => this.#durable(voter).holds(position))) return index;
      index++;
    }
  }

  /** Whether a node's disk holds the log of the node up to an index, and not an older log. */
  #isSaved(id: NodeId, index: Index): boolean {
    const durable = this.#durable(id);
    const term = this.#cores.get(id)?.termAt(index) ?? null;
    if (term === null || index <= durable.base.index) return index <= durable.last.index;
    return durable.termAt(index) === term;
  }

  #durable(id: NodeId): DurableLog {
    return this.#options.durable.get(id)!;
  }

  #fail(what: string, about: Envelope | NodeId): void {
    const text = typeof about === "number"
      ? `n${about}: ${what}`
      : `${what}: n${about.from} → n${about.to} ${formatEnvelope(about)}`;
    this.#options.report(new Violation(text));
  }
}

/** Whether two sets of servers without a common one may decide, each by one of two configurations. */
function mayPart(one: Members, other: Members): boolean {
  const [first, second] = [new Configuration(one), new Configuration(other)];
  const ids = [...new Set([...first.all, ...second.all].map(({ id }) => id))];
  for (let bits = 0; bits < 2 ** ids.length; bits++) {
    const isIn = (id: NodeId): boolean => (bits & (1 << ids.indexOf(id))) !== 0;
    if (first.hasQuorum(isIn) && second.hasQuorum((id) => !isIn(id))) return true;
  }
  return false;
}

function isChanged(before: Status, after: Status): boolean {
  return before.role !== after.role || before.term !== after.term ||
    before.commit !== after.commit || before.applied !== after.applied ||
    before.last.index !== after.last.index || before.last.term !== after.last.term ||
    before.base.index !== after.base.index || before.votedFor !== after.votedFor ||
    before.membersIndex !== after.membersIndex;
}
