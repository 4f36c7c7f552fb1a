/**
 * Bugs of log replication: rules L1 to L10 of docs/rules.md.
 *
 * @module
 */

import {
  AGREEMENT,
  CHURN,
  CORE_TESTS,
  CRASHES,
  ELECTIONS,
  LOG,
  NODE,
  NODE_TESTS,
  PROGRESS,
  RAFT,
  SCRIPTS,
  SNAPSHOTS,
  SWARM,
  UNRELIABLE,
} from "./catchers.ts";
import type { Canary } from "./canary.ts";

/** Bugs by rule, planted one at a time. */
export const replicationCanaries: readonly Canary[] = [
  {
    rule: "L1",
    bug: "entries of earlier terms are committed by counting (Figure 8)",
    file: RAFT,
    find: "if (this.#log.termAt(index) === this.#term) this.#commitTo(index);",
    replace: "this.#commitTo(index);",
    caughtBy: [SWARM, SCRIPTS],
  },
  {
    rule: "L1",
    bug: "an entry on a minority is committed",
    file: PROGRESS,
    find: "return values[Math.floor(values.length / 2)]!;",
    replace: "return values[Math.floor(values.length / 2) - 1]!;",
    caughtBy: [AGREEMENT],
  },
  {
    rule: "L2",
    bug: "a follower commits entries beyond those that the message verified",
    file: RAFT,
    find: "this.#commitTo(Math.min(message.commit, verified));",
    replace: "this.#commitTo(Math.min(message.commit, this.#log.last.index));",
    caughtBy: [AGREEMENT, CRASHES, CHURN],
  },
  {
    rule: "L2",
    bug: "a follower acknowledges its whole log, verified or not",
    file: RAFT,
    find: "this.#accept(from, verified, round);",
    replace: "this.#accept(from, this.#log.last.index, round);",
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "L3",
    bug: "a late or duplicate append removes matching entries",
    file: LOG,
    find: "const fresh = entries.findIndex((entry) => !this.matches(entry));",
    replace: "const fresh = entries.length === 0 ? -1 : 0;",
    caughtBy: [UNRELIABLE, SWARM],
  },
  {
    rule: "L3",
    bug: "entries after the new ones are kept behind a conflict",
    file: LOG,
    find: "if (cut !== null) this.#truncate(cut);",
    replace:
      `const kept = this.#entries.slice(from - this.#base.index - 1 + entries.length - fresh);
    if (cut !== null) this.#truncate(cut);
    queueMicrotask(() => this.#entries.push(...kept));`,
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "L4",
    bug: "a follower lets a conflict remove committed entries",
    file: RAFT,
    find: `this.#role = { kind: "follower", leader, transfer: null };
    this.#trace`,
    replace: `this.#role = { kind: "follower", leader, transfer: null };
    this.#commit = this.#snapshot?.last.index ?? 0;
    this.#trace`,
    caughtBy: [ELECTIONS, AGREEMENT],
  },
  {
    rule: "L5",
    bug: "a heartbeat is accepted without a log check",
    file: RAFT,
    find: "if (!this.#log.matches(previous)) {",
    replace: "if (entries.length > 0 && !this.#log.matches(previous)) {",
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "L6",
    bug: "acknowledgements and applies of a turn come before its save",
    file: NODE,
    find: `        if (effects.save !== null) {
          await this.#options.storage.save(effects.save);
          if (this.#isStopped) return;
        }
        if (isKept) this.#image = "none";
        this.#finish(effects);`,
    replace: `        this.#finish(effects);
        if (effects.save !== null) {
          await this.#options.storage.save(effects.save);
          if (this.#isStopped) return;
        }`,
    caughtBy: [ELECTIONS, AGREEMENT],
  },
  {
    rule: "L6",
    bug: "a leader alone commits an entry that no other server has",
    file: RAFT,
    find: "const index = quorumValue([...matches, this.#log.last.index]);",
    replace:
      "const index = quorumValue([...matches.slice(1), this.#log.last.index, this.#log.last.index]);",
    caughtBy: [AGREEMENT],
  },
  {
    rule: "L7",
    bug: "removing unsaved entries drops other unsaved changes",
    file: LOG,
    find: "this.#changedFrom = Math.min(this.#changedFrom ?? from, from);",
    replace: "",
    caughtBy: ["raft/core/log_test.ts", CRASHES],
  },
  {
    rule: "L8",
    bug: "an append is built on a position that is no longer in the log",
    file: PROGRESS,
    find: "return this.next <= log.base.index;",
    replace: "return this.next < log.base.index;",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "L9",
    bug: "a late answer lowers a peer's match",
    file: PROGRESS,
    find: "this.match = Math.max(this.match, match);",
    replace: "this.match = match;",
    caughtBy: [UNRELIABLE, CHURN],
  },
  {
    rule: "L9",
    bug: "a late refusal lowers next below match",
    file: PROGRESS,
    find: "if (previous <= this.match) return false;",
    replace: "if (previous <= this.match) this.match = previous;",
    caughtBy: [UNRELIABLE, CHURN],
  },
  {
    rule: "L9",
    bug: "a server that lost acknowledged entries is probed without a pause",
    file: PROGRESS,
    find: "if (previous <= this.match) return false;",
    replace: "",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "L9",
    bug: "a refusal never lowers next",
    file: RAFT,
    find: "peer.rejected(Math.min(next, previous));",
    replace: "peer.rejected(previous + 1);",
    caughtBy: [AGREEMENT],
  },
  {
    rule: "L9",
    bug: "entries are sent again with every message until they are acknowledged",
    file: PROGRESS,
    find: `this.mode.inFlight.push({ last, bytes });
      this.next = last + 1;`,
    replace: "this.mode.inFlight.push({ last, bytes });",
    caughtBy: ["raft/core/progress_test.ts"],
  },
  {
    rule: "L10",
    bug: "after a restart the whole log counts as committed",
    file: RAFT,
    find: "this.#commit = this.#applied = this.#log.base.index;",
    replace: "this.#commit = this.#log.last.index;\n    this.#applied = this.#log.base.index;",
    caughtBy: [CRASHES],
  },
  {
    rule: "L10",
    bug: "a turn that applies only a batch skips the remaining entries",
    file: RAFT,
    find: "this.#applied += entries.length;",
    replace: "this.#applied = this.#commit;",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "L10",
    bug: "a leader of the lab's profile appends a no-op",
    file: RAFT,
    find: "if (this.#isProduction) this.#appendOwn(null);",
    replace: "this.#appendOwn(null);",
    caughtBy: ["lab TestBasicAgree3B"],
  },
  {
    rule: "X5",
    bug: "a command too large for a message is accepted and blocks all later ones",
    file: NODE,
    find: "if (command.length > commandBytesMax) {",
    replace: "if (command.length > commandBytesMax + 1) {",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "X8",
    bug: "an application that is never idle starves timers",
    file: NODE,
    find: "if (this.#raft.hasMore || ++this.#turnsSinceYield > TURNS_MAX) return",
    replace: "if (this.#raft.hasMore) return",
    caughtBy: [NODE_TESTS],
  },
];
