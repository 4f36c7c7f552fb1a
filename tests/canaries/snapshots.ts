/**
 * Bugs of snapshots and of linearizable reads: rules S1 to S8 and R1 to R6 of the catalogue.
 *
 * @module
 */

import {
  AGREEMENT,
  CORE_TESTS,
  LOG,
  NODE,
  NODE_TESTS,
  PROGRESS,
  RAFT,
  READ_TESTS,
  READS,
  SNAPSHOTS,
  SWARM,
  TRANSFER,
} from "./catchers.ts";
import type { Canary } from "./canary.ts";

/** Bugs by rule, planted one at a time. */
export const snapshotCanaries: readonly Canary[] = [
  {
    rule: "S1",
    bug: "a snapshot drops entries behind it that match",
    file: RAFT,
    find: "if (this.#log.matches(last)) {",
    replace: "if (last.index < 0) {",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "S1",
    bug: "a snapshot keeps entries that conflict with it",
    file: RAFT,
    find: "if (this.#log.matches(last)) {",
    replace: "if (this.#log.last.index >= last.index) {",
    caughtBy: [SNAPSHOTS, CORE_TESTS],
  },
  {
    rule: "S2",
    bug: "an old snapshot replaces newer state",
    file: RAFT,
    find: "if (last.index <= this.#commit) return this.#accept(from, this.#commit, round);",
    replace: "",
    caughtBy: [SWARM, CORE_TESTS],
  },
  {
    rule: "S2",
    bug: "the application may replace a snapshot by an older one",
    file: RAFT,
    find: "if (index <= (this.#snapshot?.last.index ?? 0)) return;",
    replace: "",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "S3",
    bug: "what an installed snapshot covers is applied again",
    file: RAFT,
    find: "this.#commit = this.#applied = snapshot.last.index;",
    replace: "this.#commit = snapshot.last.index;",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S3",
    bug: "after a restart the entry behind the snapshot is skipped",
    file: RAFT,
    find: "this.#commit = this.#applied = base.index;",
    replace: "this.#commit = base.index;\n    this.#applied = base.index + Number(base.index > 0);",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S4",
    bug: "entries behind a new snapshot are applied before it is restored",
    file: NODE,
    find: `    if (restore !== null) application.restore(restore);
    if (apply.length > 0) application.apply(apply);`,
    replace: `    if (apply.length > 0) application.apply(apply);
    if (restore !== null) application.restore(restore);`,
    caughtBy: [NODE_TESTS, SWARM],
  },
  {
    rule: "S4",
    bug: "an installed snapshot is not given to the application",
    file: NODE,
    find: "if (restore !== null) application.restore(restore);",
    replace: "",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S4",
    bug: "after a restart the application does not get the snapshot",
    file: NODE,
    find: "if (persistent.snapshot !== null) application.restore(persistent.snapshot);",
    replace: "",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S5",
    bug: "a snapshot forgets the term of its last entry",
    file: RAFT,
    find: "this.#snapshot = { last, data };",
    replace: "this.#snapshot = { last: { index, term: 0 }, data };",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S6",
    bug: "a lost chunk is never sent again",
    file: PROGRESS,
    find: "else mode.asked = true;",
    replace: "",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S6",
    bug: "chunks are joined in the order in which they arrive",
    file: TRANSFER,
    find: "if (offset !== this.#received || offset + data.length > total) return;",
    replace: "if (this.#received + data.length > total) return;",
    caughtBy: ["raft/transfer_test.ts"],
  },
  {
    rule: "S6",
    bug: "a transfer goes on with the chunks of another snapshot",
    file: RAFT,
    find: "if (!role.transfer?.isOf(last)) role.transfer = new Transfer(last);",
    replace: "role.transfer ??= new Transfer(last);",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "S7",
    bug: "the log in memory is never cut",
    file: LOG,
    find: "const base = Math.max(this.#base.index, covered.index - trailing);",
    replace: "const base = trailing < 0 ? covered.index : this.#base.index;",
    caughtBy: ["raft/log_test.ts"],
  },
  {
    rule: "S7",
    bug: "a snapshot of the application is not saved, so the log on disk grows",
    file: RAFT,
    find: `this.#snapshot = { last, data };
    this.#snapshotChanged = true;`,
    replace: "this.#snapshot = { last, data };",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "S7",
    bug: "any number of appends may be under way to one peer",
    file: PROGRESS,
    find: "if (mode.inFlight.length >= inFlightAppendsMax) return 0;",
    replace: "if (mode.inFlight.length > 2 ** 31 + inFlightAppendsMax) return 0;",
    caughtBy: ["raft/progress_test.ts"],
  },
  {
    rule: "S8",
    bug: "compaction forgets one entry too many",
    file: LOG,
    find: "this.#entries = this.#entries.slice(base - this.#base.index);",
    replace: "this.#entries = this.#entries.slice(base - this.#base.index + 1);",
    caughtBy: [SNAPSHOTS],
  },
];

/** Bugs by rule, planted one at a time. */
export const readCanaries: readonly Canary[] = [
  {
    rule: "R1",
    bug: "a new leader serves reads before it knows what is committed",
    file: RAFT,
    find: "if (!role.reads.hasRegistered || this.#log.termAt(this.#commit) !== this.#term) return;",
    replace: "if (!role.reads.hasRegistered) return;",
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R1",
    bug: "a leader waits for a client before anything of its term commits",
    file: RAFT,
    find: "if (this.#isProduction) this.#appendOwn(null);",
    replace: "",
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R2",
    bug: "the answer to an earlier round confirms a later read",
    file: RAFT,
    find: "    role.round++;\n",
    replace: "",
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R2",
    bug: "reads are answered without any confirmation",
    file: READS,
    find: "round > confirmedRound || index > applied;",
    replace: "round < 0 || confirmedRound < 0 || index > applied;",
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R2",
    bug: "the leader alone confirms that it leads",
    file: RAFT,
    find: "role.reads.take(quorumValue([...rounds, role.round]), this.#applied)",
    replace: "role.reads.take(Math.max(...rounds, role.round), this.#applied)",
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R3",
    bug: "a read is answered before its index is applied",
    file: READS,
    find: "round > confirmedRound || index > applied;",
    replace: "round > confirmedRound || index > applied + 1_000_000;",
    caughtBy: [READ_TESTS],
  },
  {
    rule: "R5",
    bug: "reads of a leader that steps down are never answered",
    file: RAFT,
    find: "this.#lostReads.push(...before.reads.abandon());",
    replace: "",
    caughtBy: [READ_TESTS],
  },
  {
    rule: "R6",
    bug: "entries are applied and answered before the save that makes them durable",
    file: NODE,
    find: "this.#options.transport.send(effects.announce);",
    replace: `this.#options.transport.send(effects.announce);
        this.#options.application.apply(effects.apply.slice(0, 1));`,
    caughtBy: [AGREEMENT, NODE_TESTS],
  },
];
