/**
 * Bugs of the core and its driver, by the rules of the catalogue: elections (E), replication (L),
 * snapshots (S) and reads (R). Scenarios of the lab run the lab's profile, so what only the
 * production profile has is left to seeds and tests of the core.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const RAFT = "raft/raft.ts";
const LOG = "raft/log.ts";
const PROGRESS = "raft/progress.ts";
const READS = "raft/reads.ts";
const TRANSFER = "raft/transfer.ts";
const NODE = "raft/node.ts";

const CORE_TESTS = "raft/raft_test.ts raft/log_test.ts raft/progress_test.ts raft/check_test.ts";
const READ_TESTS = "raft/reads_test.ts raft/raft_test.ts raft/rsm_test.ts";
const NODE_TESTS = "raft/node_test.ts";

const ELECTIONS = "lab 3A --seeds 20";
const AGREEMENT = "lab 3B --seeds 10";
const CRASHES = "lab Persist Figure8 --seeds 40";
const CHURN = "lab Churn Unreliable --seeds 20";
const SNAPSHOTS = "lab 3D --seeds 10";
const SWARM = "sim seeds 300";
const EVERYTHING = "lab 3A 3B 3C 3D --seeds 20";

const electionCanaries: readonly Canary[] = [
  {
    rule: "E1",
    bug: "a vote is given but not saved",
    file: RAFT,
    find: `this.#votedFor = from;
        this.#voteChanged = true;`,
    replace: "this.#votedFor = from;",
    caughtBy: [ELECTIONS, CRASHES],
  },
  {
    rule: "E1",
    bug: "the term is saved without the vote",
    file: RAFT,
    find: "{ term: this.#term, votedFor: this.#votedFor } : null",
    replace: "{ term: this.#term, votedFor: null } : null",
    caughtBy: [ELECTIONS, CRASHES],
  },
  {
    rule: "E1",
    bug: "votes and acknowledgements leave before the save",
    file: NODE,
    find: "this.#options.transport.send(effects.announce);",
    replace: "this.#options.transport.send([...effects.announce, ...effects.send]);",
    caughtBy: [ELECTIONS, AGREEMENT],
  },
  {
    rule: "E2",
    bug: "stepping down in the same term clears the vote",
    file: RAFT,
    find: `if (term > this.#term) {
      this.#term = term;`,
    replace: `if (term >= this.#term) {
      this.#term = term;`,
    caughtBy: [ELECTIONS, EVERYTHING],
  },
  {
    rule: "E3",
    bug: "a refused vote counts as granted",
    file: RAFT,
    find: "if (!granted || role.kind !==",
    replace: "if (role.kind !==",
    caughtBy: [ELECTIONS, CRASHES],
  },
  {
    rule: "E3",
    bug: "replies of an earlier term are counted",
    file: RAFT,
    find: "if (term < this.#term) return this.#answerStale(from, message);",
    replace: `if (term < this.#term && !message.type.endsWith("Reply")) {
      return this.#answerStale(from, message);
    }`,
    caughtBy: [ELECTIONS, EVERYTHING],
  },
  {
    rule: "E4",
    bug: "the term is forgotten by a restart",
    file: RAFT,
    find: "this.#term = persistent.term;",
    replace: "this.#term = 0;",
    caughtBy: [CRASHES],
  },
  {
    rule: "E4",
    bug: "the vote is forgotten by a restart",
    file: RAFT,
    find: "this.#votedFor = persistent.votedFor;",
    replace: "this.#votedFor = null;",
    caughtBy: [SWARM],
  },
  {
    rule: "E5",
    bug: "a server votes for everybody who asks",
    file: RAFT,
    find: "const isFree = trial || this.#votedFor === null || this.#votedFor === from;",
    replace: "const isFree = true;",
    caughtBy: [ELECTIONS, EVERYTHING],
  },
  {
    rule: "E5",
    bug: "half of the servers count as a majority",
    file: RAFT,
    find: "return Math.floor(this.#options.peers.length / 2) + 1;",
    replace: "return Math.floor(this.#options.peers.length / 2);",
    caughtBy: [ELECTIONS],
  },
  {
    rule: "E5",
    bug: "a server votes for a log that is behind its own",
    file: RAFT,
    find: "const granted = isUpToDate && isFree",
    replace: "const granted = isFree",
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "E5",
    bug: "the longer log counts as newer, whatever its last term",
    file: RAFT,
    find: "last.term > own.term || (last.term === own.term && last.index >= own.index)",
    replace: "last.index >= own.index",
    caughtBy: [AGREEMENT, CRASHES, CHURN],
  },
  {
    rule: "E5",
    bug: "a higher term in a message is passed over",
    file: RAFT,
    find: "if (term > this.#term) this.#follow(term, null);",
    replace: "if (term > this.#term + 1_000_000) this.#follow(term, null);",
    caughtBy: [ELECTIONS],
  },
  {
    rule: "E6",
    bug: "a timeout that should be drawn is rounded down to none",
    file: RAFT,
    find: "electionTicks + Math.floor(this.#random() * electionTicks)",
    replace: "Math.floor(this.#random()) * electionTicks",
    caughtBy: [ELECTIONS, AGREEMENT],
  },
  {
    rule: "E6",
    bug: "every server waits equally long for a leader",
    file: RAFT,
    find: "electionTicks + Math.floor(this.#random() * electionTicks)",
    replace: "electionTicks + electionTicks / 2",
    caughtBy: [ELECTIONS, AGREEMENT],
  },
  {
    rule: "E7",
    bug: "who has voted refuses trials, so that nobody can stand again",
    file: RAFT,
    find: "const isFree = trial || this.#votedFor === null",
    replace: "const isFree = this.#votedFor === null",
    caughtBy: [SWARM, CORE_TESTS],
  },
  {
    rule: "E9",
    bug: "a follower that hears its leader helps to overthrow it",
    file: RAFT,
    find: `if (message.type === "requestVote" && this.#isContent()) return;`,
    replace: "",
    caughtBy: [SWARM, CORE_TESTS],
  },
  {
    rule: "E9",
    bug: "heartbeats do not put off elections",
    file: RAFT,
    find: `this.#resetElectionTimer();
    invariant(this.#role.kind === "follower"`,
    replace: `invariant(this.#role.kind === "follower"`,
    caughtBy: [AGREEMENT],
  },
  {
    rule: "E10",
    bug: "a leader that hears nobody goes on leading",
    file: RAFT,
    find: "if (this.#isProduction && active < this.#quorum) this.#follow(this.#term, null);",
    replace: "",
    caughtBy: [SWARM, CORE_TESTS],
  },
];

const replicationCanaries: readonly Canary[] = [
  {
    rule: "L1",
    bug: "entries of earlier terms are committed by counting (Figure 8)",
    file: RAFT,
    find: "if (this.#log.termAt(index) === this.#term) this.#commitTo(index);",
    replace: "this.#commitTo(index);",
    caughtBy: [SWARM],
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
    bug: "a follower commits entries that the message did not verify",
    file: RAFT,
    find: "this.#commitTo(Math.min(message.commit, verified));",
    replace: "this.#commitTo(Math.min(message.commit, this.#log.last.index));",
    caughtBy: [AGREEMENT, CRASHES, CHURN],
  },
  {
    rule: "L2",
    bug: "a follower acknowledges all it has, verified or not",
    file: RAFT,
    find: "this.#accept(from, verified, round);",
    replace: "this.#accept(from, this.#log.last.index, round);",
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "L3",
    bug: "a late or doubled append cuts entries that match",
    file: LOG,
    find: "const fresh = entries.findIndex((entry) => !this.matches(entry));",
    replace: "const fresh = entries.length === 0 ? -1 : 0;",
    caughtBy: ["lab Unreliable --seeds 20", EVERYTHING],
  },
  {
    rule: "L3",
    bug: "a conflict is overwritten only while the new entries last",
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
    bug: "a follower forgets what it knows to be committed and lets it be cut",
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
    bug: "a heartbeat is accepted without a look at the log",
    file: RAFT,
    find: "if (!this.#log.matches(previous)) {",
    replace: "if (entries.length > 0 && !this.#log.matches(previous)) {",
    caughtBy: [AGREEMENT, CRASHES],
  },
  {
    rule: "L6",
    bug: "a turn's promises and applies come before its save",
    file: NODE,
    find: `        if (effects.save !== null) {
          await this.#options.storage.save(effects.save);
          if (this.#isStopped) return;
        }
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
    bug: "a leader counts itself for an entry that nobody else has",
    file: RAFT,
    find: "const index = quorumValue([...matches, this.#log.last.index]);",
    replace:
      "const index = quorumValue([...matches.slice(1), this.#log.last.index, this.#log.last.index]);",
    caughtBy: [AGREEMENT],
  },
  {
    rule: "L7",
    bug: "a cut of entries that wait to be saved forgets what else has to be saved",
    file: LOG,
    find: "this.#changedFrom = Math.min(this.#changedFrom ?? from, from);",
    replace: "",
    caughtBy: ["raft/log_test.ts", CRASHES],
  },
  {
    rule: "L8",
    bug: "an append is built on a position that is no longer in the log",
    file: PROGRESS,
    find: "this.next <= state.log.base.index",
    replace: "this.next < state.log.base.index",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "L9",
    bug: "a late answer takes a peer's match back",
    file: PROGRESS,
    find: "this.match = Math.max(this.match, match);",
    replace: "this.match = match;",
    caughtBy: ["lab Unreliable --seeds 10", CHURN],
  },
  {
    rule: "L9",
    bug: "a late refusal takes next back behind what is known to match",
    file: PROGRESS,
    find: 'return this.mode.kind === "streaming" && previous > this.match;',
    replace: "this.match = Math.min(this.match, previous);\n    return true;",
    caughtBy: ["lab Unreliable --seeds 10", CHURN],
  },
  {
    rule: "L9",
    bug: "a refusal never takes next back",
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
    caughtBy: ["raft/progress_test.ts"],
  },
  {
    rule: "L10",
    bug: "after a restart the whole log counts as committed",
    file: RAFT,
    find: "this.#commit = this.#applied = base.index;",
    replace: "this.#commit = this.#log.last.index;\n    this.#applied = base.index;",
    caughtBy: [CRASHES],
  },
  {
    rule: "L10",
    bug: "a turn that may not apply everything skips the rest",
    file: RAFT,
    find: "this.#applied += entries.length;",
    replace: "this.#applied = this.#commit;",
    caughtBy: [CORE_TESTS],
  },
  {
    rule: "L10",
    bug: "a leader of the lab's profile opens its term with an entry of its own",
    file: RAFT,
    find: "if (this.#isProduction) this.#appendOwn(null);",
    replace: "this.#appendOwn(null);",
    caughtBy: ["lab TestBasicAgree3B"],
  },
];

const snapshotCanaries: readonly Canary[] = [
  {
    rule: "S1",
    bug: "a snapshot drops entries behind it that match",
    file: RAFT,
    find: "if (this.#log.matches(last)) {",
    replace: "if (last.index < 0) {",
    caughtBy: [SWARM, CORE_TESTS],
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
    caughtBy: [SWARM, NODE_TESTS],
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
    caughtBy: [SWARM, CORE_TESTS],
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

const readCanaries: readonly Canary[] = [
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
    caughtBy: [SWARM, READ_TESTS],
  },
  {
    rule: "R5",
    bug: "reads of a leader that steps down are never answered",
    file: RAFT,
    find: "this.#lostReads.push(...before.reads.abandon());",
    replace: "",
    caughtBy: [SWARM, READ_TESTS],
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

/** Every bug planted in the core and the driver. */
export const coreCanaries: readonly Canary[] = [
  ...electionCanaries,
  ...replicationCanaries,
  ...snapshotCanaries,
  ...readCanaries,
];
