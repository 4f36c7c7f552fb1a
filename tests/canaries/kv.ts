/**
 * Bugs of what stands above the log: the replicated machine, the store, its server, its clients.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const RSM = "raft/rsm.ts";
const STORE = "kv/store/store.ts";
const CLERK = "kv/client/clerk.ts";
const LOCK = "kv/client/lock.ts";

const CLERKS = "tests/swarm/kv_swarm_test.ts";
const ONE_SERVER = "lab UnreliableNet ClientUnreliable ClientsUnreliable --seeds 20";
const SNAPSHOTS = "lab SnapshotRecover SnapshotRPC SnapshotSize --seeds 3";

/** Rules R and C above the log, and what else clients would notice. */
export const kvCanaries: readonly Canary[] = [
  {
    rule: "R2",
    bug: "a leader answers reads at once, without asking anybody whether it still leads",
    file: RSM,
    find: "if (!(this.#log?.read(context) ?? false)) this.read(context, false);",
    replace: "this.read(context, this.#log?.read(context) ?? false);",
    caughtBy: [CLERKS],
  },
  {
    rule: "R4",
    bug: "reads that waited when leadership was lost are answered all the same",
    file: RSM,
    find: "      confirmed\n        ? {",
    replace: "      confirmed || this.#log !== null\n        ? {",
    caughtBy: [CLERKS],
  },
  {
    rule: "C1",
    bug: "a put that was executed before is executed again",
    file: STORE,
    find: "if (item !== undefined && item.version !== version) {",
    replace: "if (item !== undefined && Math.abs(item.version - version) > 1) {",
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "C1",
    bug: "versions start again after a snapshot, so that old puts fit once more",
    file: STORE,
    find: "const version = Number(view.getBigUint64(at + 2));",
    replace: "const version = Number(view.getBigUint64(at + 2)) > 0 ? 1 : 0;",
    caughtBy: [SNAPSHOTS, CLERKS],
  },
  {
    rule: "S5",
    bug: "the state is not in the snapshot",
    file: STORE,
    find: "    this.#items = items;",
    replace: "    this.#items = new Map(items.size > 0 ? [] : items);",
    caughtBy: [SNAPSHOTS, CLERKS],
  },
  {
    rule: "S7",
    bug: "the replicated machine never takes a snapshot",
    file: RSM,
    find: "this.#logBytes > this.#logBytesMax",
    replace: "this.#logBytes > this.#logBytesMax + 1e9",
    caughtBy: [SNAPSHOTS],
  },
  {
    rule: "C2",
    bug: "a clerk says ErrVersion where it cannot know",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply?.type !== "wrongVersion") return { type: "maybe" };',
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "C2",
    bug: "a clerk whose time is up says that the put was not executed",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply !== null) return { type: "maybe" };',
    caughtBy: [CLERKS],
  },
  {
    rule: "C2",
    bug: "a clerk says ErrNoKey though an earlier request may arrive once there is the key",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply?.type !== "noKey") return { type: "maybe" };',
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a clerk takes a request without an answer for one that never arrived",
    file: CLERK,
    find: '        case undefined:\n        case "unknown":\n          isUnsure = true;',
    replace: '        case undefined:\n        case "unknown":',
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "C2",
    bug: "a clerk is unsure of a request that never left",
    file: CLERK,
    find: 'if (result === "unsent") return { type: "wrongLeader", leader: null };',
    replace: 'if (result === "unsent") return null;',
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a server that lost track says that the request was not executed",
    file: "kv/server/server.ts",
    find: 'encodeReply({ type: "unknown", leader',
    replace: 'encodeReply({ type: "wrongLeader", leader',
    caughtBy: ["kv/server/server_test.ts", CLERKS],
  },
  {
    rule: "C2",
    bug: "submits of a leader that stepped down are called lost",
    file: RSM,
    find: 'status.term !== this.#term) this.#releaseSubmitted("unknown")',
    replace: 'status.term !== this.#term) this.#releaseSubmitted("lost")',
    caughtBy: ["raft/rsm_test.ts", CLERKS],
  },
  {
    rule: "C2",
    bug: "submits that a snapshot jumped over are called lost",
    file: RSM,
    find: 'this.#take(head).done({ kind: "unknown", leader: this.#leader });',
    replace: 'this.#take(head).done({ kind: "lost", leader: this.#leader });',
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "C1",
    bug: "a result is handed to whoever waits at that index, whatever the term",
    file: RSM,
    find: `    if (entry.term > this.#term) return this.#releaseSubmitted("lost");
    const head = this.#head();
    if (head === undefined || head.index > entry.index) return;
    const { done } = this.#take(head);
    done(
      reply !== null && entry.term === this.#term`,
    replace: `    const head = this.#head();
    if (head === undefined || head.index > entry.index) return;
    const { done } = this.#take(head);
    done(
      reply !== null`,
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "C1",
    bug: "a result goes to the first who waits, whatever the index",
    file: RSM,
    find: "if (head === undefined || head.index > entry.index) return;",
    replace: "if (head === undefined) return;",
    caughtBy: [CLERKS, "raft/rsm_test.ts"],
  },
  {
    rule: "C1",
    bug: "who submits again when told of the old term stands before the submit that told it",
    file: RSM,
    find: `    this.#submitted.push({ index: position.index, bytes: command.length, done });
    // Told last: whoever is told may submit again, and stands behind this one in the log.
    this.#tell(earlier, "unknown");`,
    replace: `    this.#tell(earlier, "unknown");
    this.#submitted.push({ index: position.index, bytes: command.length, done });`,
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "C2",
    bug: "nobody is told when the term moves on",
    file: RSM,
    find: 'if (status.role !== "leader" || status.term !== this.#term) this',
    replace: 'if (status.role === "candidate" && status.term < 0) this',
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "C2",
    bug: "submits wait for ever when their server shuts down",
    file: RSM,
    find: '    this.#log = null;\n    this.#releaseSubmitted("unknown");',
    replace: "    this.#log = null;",
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "X8",
    bug: "bytes of answered questions count as waiting until the server refuses everything",
    file: RSM,
    find: "    this.#waitingBytes -= asked.request.length;\n",
    replace: "",
    caughtBy: ["raft/rsm_test.ts"],
  },
  {
    rule: "C4",
    bug: "a lock takes an unknown outcome for success",
    file: LOCK,
    find: 'if (result.type === "stored") return { type: "held", token: result.version };',
    replace: 'if (result.type !== "wrongVersion") return { type: "held", token: version + 1 };',
    caughtBy: [ONE_SERVER, "kv/client/lock_test.ts"],
  },
  {
    rule: "C4",
    bug: "a lock forgets the put that may still arrive when it is released",
    file: LOCK,
    find: "if (!isEqual(seen.value, this.#name) && seen.version !== this.#pending) {",
    replace: "if (!isEqual(seen.value, this.#name)) {",
    caughtBy: ["kv/client/lock_test.ts"],
  },
  {
    rule: "C4",
    bug: "a lock that lost to another says that it may be held",
    file: LOCK,
    find: "      if (seen.version !== this.#pending) this.#pending = null;\n",
    replace: "",
    caughtBy: ["kv/client/lock_test.ts"],
  },
  {
    rule: "X4",
    bug: "an operation stays with a busy server though another has found the leader",
    file: CLERK,
    find: "          server = this.#leader;\n",
    replace: "",
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "X4",
    bug: "a clerk follows hints in a circle",
    file: CLERK,
    find: "servers.includes(hint) && !tried.has(hint)",
    replace: "servers.includes(hint)",
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a version conflict reports the version that was asked for",
    file: STORE,
    find: 'encodeReply({ type: "wrongVersion", version: item.version })',
    replace: 'encodeReply({ type: "wrongVersion", version })',
    caughtBy: ["kv/store/store_test.ts", CLERKS],
  },
  {
    rule: "X6",
    bug: "a key that is no text is taken for the empty key",
    file: "kv/store/command.ts",
    find: "if (error instanceof TypeError) return null;",
    replace: 'if (error instanceof TypeError) return "";',
    caughtBy: ["kv/store/store_test.ts kv/store/command_test.ts"],
  },
  {
    rule: "X6",
    bug: "two keys that differ in an invisible mark are one",
    file: "kv/store/command.ts",
    find: "ignoreBOM: true",
    replace: "ignoreBOM: false",
    caughtBy: ["kv/store/command_test.ts"],
  },
];
