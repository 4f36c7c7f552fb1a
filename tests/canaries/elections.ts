/**
 * Bugs of elections, terms and votes: rules E1 to E10 of the catalogue.
 *
 * @module
 */

import {
  AGREEMENT,
  CHURN,
  CORE_TESTS,
  CRASHES,
  ELECTIONS,
  NODE,
  NODE_TESTS,
  RAFT,
  SCRIPTS,
  SWARM,
  TICKER,
} from "./catchers.ts";
import type { Canary } from "./canary.ts";

/** Bugs by rule, planted one at a time. */
export const electionCanaries: readonly Canary[] = [
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
    caughtBy: [ELECTIONS],
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
    caughtBy: [SCRIPTS],
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
    caughtBy: [SCRIPTS],
  },
  {
    rule: "E5",
    bug: "a server votes for everybody who asks",
    file: RAFT,
    find: "const isFree = trial || this.#votedFor === null || this.#votedFor === from;",
    replace: "const isFree = true;",
    caughtBy: [ELECTIONS],
  },
  {
    rule: "E5",
    bug: "half of the servers count as a majority",
    file: RAFT,
    find: "this.#quorum = Math.floor(this.#options.peers.length / 2) + 1;",
    replace: "this.#quorum = Math.floor(this.#options.peers.length / 2);",
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
    rule: "E6",
    bug: "time in which the process was held up is held against the leader",
    file: TICKER,
    find: "this.#isLenient = isLate && !this.#isLenient;",
    replace: "this.#isLenient = false;",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "E6",
    bug: "a message that restarts a timer does not count the ticks before it",
    file: NODE,
    find: "this.#ticker.catchUp();\n    this.#input(",
    replace: "this.#input(",
    caughtBy: [NODE_TESTS],
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
    rule: "E8",
    bug: "a server that hears no leader raises the term without a trial",
    file: RAFT,
    find: `this.#campaign(this.#isProduction ? "trial" : "candidate");`,
    replace: `this.#campaign("candidate");`,
    caughtBy: [SCRIPTS, CORE_TESTS],
  },
  {
    rule: "E9",
    bug: "a follower that hears its leader helps to overthrow it",
    file: RAFT,
    find: `if (message.type === "requestVote" && this.#isContent()) return;`,
    replace: "",
    caughtBy: [SCRIPTS, CORE_TESTS],
  },
  {
    rule: "E9",
    bug: "a leader that is followed gives way to whoever asks for votes",
    file: RAFT,
    find: '(role === "leader" || isHeard)',
    replace: '(role !== "leader" && isHeard)',
    caughtBy: [CORE_TESTS],
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
    find: "const isDeserted = this.#isProduction && active < this.#quorum;",
    replace: "const isDeserted = false;",
    caughtBy: [SCRIPTS, CORE_TESTS],
  },
];
