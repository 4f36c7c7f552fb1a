/**
 * Bugs of the layers above the log: the replicated state machine, the store, its server and
 * clients.
 *
 * @module
 */

import { type Canary, NODE, NODE_TESTS } from "./canary.ts";

const RSM = "raft/rsm/rsm.ts";
const TRIGGER = "raft/rsm/snapshot_trigger.ts";
const TRIGGER_TESTS = "raft/rsm/snapshot_trigger_test.ts";
const STORE = "kv/store/store.ts";
const IMAGE = "kv/store/image.ts";
const KEYS = "kv/command/key_text.ts";
const CLERK = "kv/client/clerk.ts";
const LOCK = "kv/client/lock.ts";

const LOST_FOLDER = "tests/long/lost_folder_test.ts";
const OVERLOAD = "tests/swarm/overload_test.ts";
const CLERKS = "tests/swarm/kv_swarm_test.ts";
const ONE_SERVER = "lab UnreliableNet ClientUnreliable ClientsUnreliable --seeds 20";
const SNAPSHOTS = "lab SnapshotRecover SnapshotRPC SnapshotSize --seeds 3";

/** Rules R and C above the log, and what else clients would notice. */
export const kvCanaries: readonly Canary[] = [
  {
    rule: "R2",
    bug: "a leader answers reads at once, without confirming that it still leads",
    file: RSM,
    find: "if (!(this.#log?.read(context) ?? false)) this.read(context, false);",
    replace: "this.read(context, this.#log?.read(context) ?? false);",
    caughtBy: [CLERKS],
  },
  {
    rule: "R4",
    bug: "pending reads are answered although leadership was lost",
    file: RSM,
    find: "if (!confirmed) return",
    replace: "if (!confirmed && this.#log === null) return",
    caughtBy: [CLERKS],
  },
  {
    rule: "C1",
    bug: "a repeated put is executed again",
    file: STORE,
    find: "if (found !== version) return",
    replace: "if (Math.abs(found - version) > 1) return",
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "C1",
    bug: "versions restart after a snapshot, so that old puts match again",
    file: IMAGE,
    find: "else state.add(entry);",
    replace: "else state.add({ ...entry, version: 1 });",
    caughtBy: [SNAPSHOTS, CLERKS],
  },
  {
    rule: "S5",
    bug: "the snapshot does not contain the state",
    file: STORE,
    find: "    this.#state = state;",
    replace: "    this.#state = revision < 0 ? state : new MemoryState();",
    caughtBy: [SNAPSHOTS, CLERKS],
  },
  {
    rule: "S7",
    bug: "the replicated machine never takes a snapshot",
    file: TRIGGER,
    find: "return this.#bytes > this.#thresholdBytes;",
    replace: "return this.#bytes > this.#thresholdBytes + 1e9;",
    caughtBy: [TRIGGER_TESTS, SNAPSHOTS],
  },
  {
    rule: "S10",
    bug: "snapshots of a large state write many times what the log writes",
    file: TRIGGER,
    find: "Math.max(logBytesMax, IMAGE_SHARE * imageBytes)",
    replace: "logBytesMax",
    caughtBy: [TRIGGER_TESTS],
  },
  {
    rule: "S10",
    bug: "all servers take their snapshots at the same moment",
    file: TRIGGER,
    find: "(1 - SPREAD * draw)",
    replace: "1",
    caughtBy: [TRIGGER_TESTS],
  },
  {
    rule: "D5",
    bug:
      "a snapshot that was given up is not tried again before the log has grown by its whole limit",
    file: TRIGGER,
    find: "this.#bytes + RETRY_SHARE * this.#logBytesMax",
    replace: "this.#bytes + this.#logBytesMax",
    caughtBy: [TRIGGER_TESTS],
  },
  {
    rule: "D5",
    bug: "a snapshot that could not be written is not reported",
    file: NODE,
    find: "ended(isKept ? data.length : null);",
    replace: "ended(data.length);",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "D5",
    bug: "a stop waits until a full disk has room for the save under way",
    file: NODE,
    find: "this.#options.storage.stopWaiting();",
    replace: "",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "C2",
    bug: "a clerk returns ErrVersion where the outcome is unknown",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply?.type !== "wrongVersion") return { type: "maybe" };',
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "C2",
    bug: "a clerk at its deadline returns that the put was not executed",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply !== null) return { type: "maybe" };',
    caughtBy: [CLERKS],
  },
  {
    rule: "C2",
    bug: "a clerk returns ErrNoKey although an earlier request may arrive once the key exists",
    file: CLERK,
    find: 'if (isUnsure) return { type: "maybe" };',
    replace: 'if (isUnsure && reply?.type !== "noKey") return { type: "maybe" };',
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a clerk treats a request without an answer as never sent",
    file: CLERK,
    find: '        case undefined:\n        case "unknown":\n          isUnsure = true;',
    replace: '        case undefined:\n        case "unknown":',
    caughtBy: [ONE_SERVER, CLERKS],
  },
  {
    rule: "O4",
    bug: "a revision that one server has forgotten counts as gone everywhere",
    file: CLERK,
    find: "if (isRoundOver && gone !== null)",
    replace: "if (gone !== null)",
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a clerk treats a request that was never sent as possibly executed",
    file: "kv/client/clerk_replies.ts",
    find:
      'if (result === "unsent") return { reply: { type: "wrongLeader", leader: null }, age: {} };',
    replace: 'if (result === "unsent") return { reply: null, age: {} };',
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "C2",
    bug: "a server that does not know the outcome replies that the request was not executed",
    file: "kv/server/server.ts",
    find: 'return encodeReply({ type: "unknown", leader',
    replace: 'return encodeReply({ type: "wrongLeader", leader',
    caughtBy: ["kv/server/server_test.ts", CLERKS],
  },
  {
    rule: "C2",
    bug: "submits of a leader that stepped down are reported lost",
    file: RSM,
    find: 'status.term !== this.#term) this.#release("unknown")',
    replace: 'status.term !== this.#term) this.#release("lost")',
    caughtBy: ["raft/rsm/rsm_test.ts", CLERKS],
  },
  {
    rule: "C2",
    bug: "submits that a snapshot covers are reported lost",
    file: RSM,
    find: 'this.#takeHead().done({ kind: "unknown", leader: this.#leader });',
    replace: 'this.#takeHead().done({ kind: "lost", leader: this.#leader });',
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "C1",
    bug: "a result goes to the submit at that index, whatever the term",
    file: RSM,
    find: `    if (entry.term > this.#term) return this.#release("lost");
    const head = this.#inLog.peek();
    if (head === undefined || head.index > entry.index) return;
    invariant(head.index === entry.index, \`a result at \${entry.index} passes over \${head.index}\`);
    const { done } = this.#takeHead();
    done(
      reply !== null && entry.term === this.#term`,
    replace: `    const head = this.#inLog.peek();
    if (head === undefined || head.index > entry.index) return;
    const { done } = this.#takeHead();
    done(
      reply !== null`,
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "C1",
    bug: "a result goes to the first pending submit, whatever the index",
    file: RSM,
    find: "if (head === undefined || head.index > entry.index) return;",
    replace: "if (head === undefined) return;",
    caughtBy: ["raft/rsm/rsm_test.ts", CLERKS],
  },
  {
    rule: "C1",
    bug: "a submit made from the callback of an ended one is placed before the current submit",
    file: RSM,
    find: `    this.#inLog.push(submitted);
    // Notified last: a callback may submit again, and its command is behind this one in the log.
    this.#notify(earlier, "unknown");`,
    replace: `    this.#notify(earlier, "unknown");
    this.#inLog.push(submitted);`,
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "C2",
    bug: "pending submits are not ended when the term changes",
    file: RSM,
    find: 'if (status.role !== "leader" || status.term !== this.#term) this',
    replace: 'if (status.role === "candidate" && status.term < 0) this',
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "C2",
    bug: "pending submits are not ended when their server shuts down",
    file: RSM,
    find: '    this.#log = null;\n    this.#release("unknown");',
    replace: "    this.#log = null;",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X8",
    bug: "bytes of answered queries stay counted until the server refuses all requests",
    file: RSM,
    find: "    this.#waitingBytes -= asked.request.length;\n",
    replace: "",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X8",
    bug: "bytes of finished submits count as waiting until the server refuses everything",
    file: RSM,
    find: "    this.#inLogBytes -= command.length;\n    this.#waitingBytes -= command.length;",
    replace: "    this.#inLogBytes -= command.length;",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X8",
    bug: "bytes of submits that left the log count against it until it takes one at a time",
    file: RSM,
    find: "    this.#inLogBytes -= command.length;\n",
    replace: "",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X9",
    bug: "a request that cannot be answered in time is accepted",
    file: RSM,
    find: "if (waitMs > PATIENCE_SHARE * withinMs) return",
    replace: "if (waitMs > 1e9 * withinMs) return",
    caughtBy: ["raft/rsm/rsm_test.ts", OVERLOAD],
  },
  {
    rule: "X9",
    bug: "a command enters the log though its client has given up",
    file: RSM,
    find: 'if (deadline < this.#time.now()) done({ kind: "overloaded" });\n      else this',
    replace: "this",
    caughtBy: ["raft/rsm/rsm_test.ts", OVERLOAD],
  },
  {
    rule: "X9",
    bug: "all commands enter the log at once, also those that it cannot commit soon",
    file: RSM,
    find: "return this.#inLog.length < inLogMax &&",
    replace: "return this.#inLog.length < 1000 * inLogMax &&",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X9",
    bug: "commands that wait in front of the log wait for ever",
    file: RSM,
    find: "    if (this.#queued.length > 0) this.#pace.add(before - this.#inLog.length, " +
      "this.#time.now());\n    this.#refill();",
    replace: "",
    caughtBy: ["raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X9",
    bug: "the pace is measured while no request waits, so that an idle server seems slow",
    file: "raft/rsm/pace.ts",
    find: "    this.#since = null;\n  }",
    replace: "  }",
    caughtBy: ["raft/rsm/pace_test.ts"],
  },
  {
    rule: "X9",
    bug: "a clerk asks another server, and so once more, before a busy one can answer",
    file: CLERK,
    find: "attemptMs: 10_000,",
    replace: "attemptMs: 1000,",
    caughtBy: [OVERLOAD],
  },
  {
    rule: "X9",
    bug: "a clerk asks an overloaded server as often as at first",
    file: CLERK,
    find: "++this.#refusals",
    replace: "1",
    caughtBy: ["kv/client/clerk_test.ts"],
  },
  {
    rule: "X9",
    bug: "a client does not say how long it waits",
    file: "net/rpc/rpc_frames.ts",
    find: "return withinMs === Infinity ?",
    replace: "return withinMs > 0 ?",
    caughtBy: ["net/rpc/rpc_test.ts"],
  },
  {
    rule: "C4",
    bug: "a lock treats an unknown outcome as success",
    file: LOCK,
    find: 'if (result.type === "stored") return { type: "held", token: result.version };',
    replace: 'if (result.type !== "wrongVersion") return { type: "held", token: version + 1 };',
    caughtBy: [ONE_SERVER, "kv/client/lock_test.ts"],
  },
  {
    rule: "C4",
    bug: "a released lock ignores its put that may still arrive",
    file: LOCK,
    find: "if (!isEqual(seen.value, this.#name) && seen.version !== this.#pending) {",
    replace: "if (!isEqual(seen.value, this.#name)) {",
    caughtBy: ["kv/client/lock_test.ts"],
  },
  {
    rule: "C4",
    bug: "a lock that was lost to another client returns that it may be held",
    file: LOCK,
    find: "      if (seen.version !== this.#pending) this.#pending = null;\n",
    replace: "",
    caughtBy: ["kv/client/lock_test.ts"],
  },
  {
    rule: "X4",
    bug: "an operation keeps asking a busy server although another operation has found the leader",
    file: CLERK,
    find: "          if (!anyServer) server = this.#leader;\n",
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
    find: 'encodeReply({ type: "wrongVersion", version: found })',
    replace: 'encodeReply({ type: "wrongVersion", version })',
    caughtBy: ["kv/store/store_test.ts", CLERKS],
  },
  {
    rule: "X8",
    bug: "a step of an image copies hundreds of large values",
    file: IMAGE,
    find: "if (copied < STEP_BYTES) continue;",
    replace: "if (copied < 1e15) continue;",
    caughtBy: ["kv/store/store_test.ts"],
  },
  {
    rule: "X9",
    bug: "a store takes keys until the map has no place for another",
    file: "kv/store/room.ts",
    find: "if (keys > 0 && this.#keys + keys > keysMax) return false;",
    replace: "",
    caughtBy: ["kv/store/store_test.ts"],
  },
  {
    rule: "S5",
    bug: "a restored server counts its bytes from nothing, and takes puts that others refuse",
    file: IMAGE,
    find: "      each(entry);\n",
    replace: "",
    caughtBy: ["kv/store/store_test.ts"],
  },
  {
    rule: "C2",
    bug: "a put for which there is no room is called stored",
    file: STORE,
    find: "previous }]) ? STORED : FULL;",
    replace: "previous }]) ? STORED : STORED;",
    caughtBy: ["kv/store/store_test.ts"],
  },
  {
    rule: "C2",
    bug: "an interrupted put says that nothing was changed, whatever its outcome",
    file: "cli/store/kv_command.ts",
    find: 'reason === "unavailable"\n      ? "Interrupted: nothing was changed."',
    replace: 'reason !== null\n      ? "Interrupted: nothing was changed."',
    caughtBy: ["tests/commands/put_interrupt_test.ts"],
  },
  {
    rule: "C2",
    bug: "a lock that was taken away counts as held while its program runs",
    file: "cli/cluster/lock_command.ts",
    find: 'if (isHeld === false) return "taken";',
    replace: "if (isHeld === false) continue;",
    caughtBy: ["tests/long/lock_test.ts --filter exits"],
  },
  {
    rule: "D8",
    bug: "up begins a node anew that has served before",
    file: "cli/cluster/local_cluster.ts",
    find: 'if (!nodes.some((node) => node.hasServed)) args.push("--bootstrap");',
    replace: 'args.push("--bootstrap");',
    caughtBy: [LOST_FOLDER],
  },
  {
    rule: "D8",
    bug: "up forgets that a node has served",
    file: "cli/cluster/local_cluster.ts",
    find: "node.id === id ? { ...node, hasServed: true } : node",
    replace: "node",
    caughtBy: [LOST_FOLDER],
  },
  {
    rule: "X6",
    bug: "a node that its peers refuse for good tries on and says nothing",
    file: "cli/node/log/refused_log.ts",
    find: "if (advice === undefined || logged.has(key)) return;",
    replace: "if (advice !== key) return;",
    caughtBy: ["tests/long/nodes/run_node_test.ts"],
  },
  {
    rule: "X6",
    bug: "a key that is not valid text becomes the empty key",
    file: KEYS,
    find: "if (error instanceof TypeError) return null;",
    replace: 'if (error instanceof TypeError) return "";',
    caughtBy: ["kv/command/key_text_test.ts"],
  },
  {
    rule: "X6",
    bug: "two keys that differ in an invisible character are the same",
    file: KEYS,
    find: "ignoreBOM: true",
    replace: "ignoreBOM: false",
    caughtBy: ["kv/command/key_text_test.ts"],
  },
  {
    rule: "D5",
    bug: "a leader appends commands although its disk is full",
    file: RSM,
    find: '    if (this.#log?.hasRoom === false) return done({ kind: "full" });\n',
    replace: "",
    caughtBy: ["kv/server/server_test.ts", "raft/rsm/rsm_test.ts"],
  },
  {
    rule: "X6",
    bug: "other users of the machine can read the log of a node that up runs",
    file: "cli/cluster/node_process.ts",
    find: "{ append: true, create: true, mode: 0o600 }",
    replace: "{ append: true, create: true }",
    caughtBy: ["tests/long/commands/commands_test.ts"],
  },
  {
    rule: "X6",
    bug: "a refused size does not name its limit",
    file: "cli/table/values.ts",
    find: "`a size${range(row, byteUnits)} such as",
    replace: "`a size such as",
    caughtBy: ["cli/table/options_test.ts"],
  },
];
