/**
 * Bugs of promises: what a server says while its disk is busy, rules P1 to P3 of docs/rules.md.
 *
 * @module
 */

import {
  AGREEMENT,
  CORE_TESTS,
  ELECTIONS,
  EXTREMES,
  LOG,
  NODE,
  NODE_TESTS,
  OUTBOX,
  PROMISES,
  RAFT,
  SCRIPTS,
  SWARM,
  WALK,
} from "./catchers.ts";
import type { Canary } from "./canary.ts";

/** Bugs by rule, planted one at a time. */
export const promiseCanaries: readonly Canary[] = [
  {
    rule: "P1",
    bug: "a save that has ended counts for a vote that came after it was taken",
    file: OUTBOX,
    find: "this.#durable = this.#saving;",
    replace: "this.#durable = this.#changes;",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P1",
    bug: "a pre-vote leaves before its term is durable",
    file: OUTBOX,
    find: "this.#waiting.push({ envelope, changes: this.#changes });",
    replace:
      'const { message } = envelope;\n    const isFree = "preVote" in message && message.preVote;\n    this.#waiting.push({ envelope, changes: isFree ? 0 : this.#changes });',
    caughtBy: [WALK],
  },
  {
    rule: "P1",
    bug: "a new term binds no message",
    file: RAFT,
    find: `    this.#outbox.voteChanged();
    this.#outbox.clear();`,
    replace: "    this.#outbox.clear();",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P2",
    bug: "a candidate counts its vote before it is durable",
    file: RAFT,
    find: `if (role.kind === "candidate" && !this.#outbox.isVoteDurable) return;`,
    replace: "",
    caughtBy: [PROMISES, NODE_TESTS],
  },
  {
    rule: "P2",
    bug: "a candidate never counts its own vote",
    file: RAFT,
    find: `if (role.kind === "candidate") this.#countOwnVote(role);`,
    replace: 'if (role.kind === "candidate") this.#trace?.("counts nothing");',
    caughtBy: [PROMISES, ELECTIONS],
  },
  {
    rule: "P3",
    bug: "entries are acknowledged before they are durable",
    file: RAFT,
    find: "const match = Math.min(this.#verified, this.#log.durable);",
    replace: "const match = this.#verified;",
    caughtBy: [PROMISES, WALK, SWARM],
  },
  {
    rule: "P3",
    bug: "a log that is cut is durable as far as before",
    file: LOG,
    find: "this.#durable = Math.min(this.#durable, index);",
    replace: "",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P3",
    bug: "the save under way counts for entries that replaced those it holds",
    file: LOG,
    find: "if (this.#savingTo !== null) this.#savingTo = Math.min(this.#savingTo, index);",
    replace: "",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P3",
    bug: "what was durable of the log counts for the snapshot that replaces it",
    file: LOG,
    find: "this.#forgetDurableBeyond(this.#covered);",
    replace: "",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P3",
    bug: "all that is in memory when a save ends is taken for durable",
    file: LOG,
    find: "this.#durable = this.#savingTo ?? this.#durable;",
    replace: "this.#durable = this.last.index;",
    caughtBy: [PROMISES, WALK],
  },
  {
    rule: "P3",
    bug: "what a save made durable is never acknowledged",
    file: RAFT,
    find: `else if (role.kind === "follower") this.#acknowledgeOwed(role);`,
    replace: "",
    caughtBy: [PROMISES, AGREEMENT],
  },
  {
    rule: "P3",
    bug: "two saves are under way at a time",
    file: RAFT,
    find: "if (this.#isSaving) return null;",
    replace: "",
    caughtBy: [PROMISES, SWARM],
  },
  {
    rule: "E10",
    bug: "nothing leaves while a save is under way, and a slow disk costs leadership",
    file: NODE,
    find: "this.#perform(this.#raft.takeEffects());",
    replace: "if (!this.#isSaving) this.#perform(this.#raft.takeEffects());",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "R2",
    bug: "a heartbeat is answered only when all entries before it are durable",
    file: RAFT,
    find: "if (!isBulk(message) || this.#log.durable",
    replace: "if (this.#log.durable",
    caughtBy: [PROMISES, NODE_TESTS],
  },
];

/** Bugs with numbers that no sound peer sends: rule X7, and what a leader does about reads. */
export const extremeCanaries: readonly Canary[] = [
  {
    rule: "X7",
    bug: "one message with the highest term leaves no term for any election",
    file: RAFT,
    find: "if (term > this.#term + TERM_JUMP_MAX) return;",
    replace: "",
    caughtBy: [EXTREMES],
  },
  {
    rule: "X7",
    bug: "a snapshot at the highest index leaves no index for any entry",
    file: RAFT,
    find: "if (last.index > this.#log.last.index + INDEX_JUMP_MAX) return;",
    replace: "",
    caughtBy: [EXTREMES],
  },
  {
    rule: "X7",
    bug: "an acknowledgement of more than the leader holds is believed",
    file: RAFT,
    find: "if (message.match > this.#log.last.index) return;",
    replace: "",
    caughtBy: [EXTREMES],
  },
  {
    rule: "R2",
    bug: "an answer to a round that has not begun confirms reads to come",
    file: RAFT,
    find: "if (peer === undefined || round > this.#role.round) return null;",
    replace: "if (peer === undefined) return null;",
    caughtBy: [EXTREMES, CORE_TESTS],
  },
  {
    rule: "X8",
    bug: "every turn begins a round of its own for the reads that came with it",
    file: RAFT,
    find: "if (role.reads.startedRound > this.#confirmedRound(role)) return;",
    replace: "",
    caughtBy: [SCRIPTS],
  },
  {
    rule: "D3",
    bug: "a node that was stopped while it sent goes on to apply",
    file: NODE,
    find: "if (this.#isStopped) return; // by what was sent\n",
    replace: "",
    caughtBy: [NODE_TESTS],
  },
];
