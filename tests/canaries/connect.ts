/**
 * Bugs of KV Connect: of writes, reads, watches, and of the numbers that the store computes for it.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const CALCULATE = "kv/store/numbers/calculate.ts";
const NUMBERS = "kv/store/numbers/v8_numbers.ts";
const EXECUTE = "kv/store/execute.ts";
const DATABASE = "net/connect/database.ts";
const METADATA = "net/connect/metadata.ts";
const READ = "net/connect/read.ts";
const WATCH = "net/connect/watch.ts";
const WRITE = "net/connect/write.ts";
const PROTOBUF = "net/connect/protobuf/message_type.ts";

const SUMS = "kv/store/numbers/calculate_test.ts";
const BATCHES = "kv/store/execute_test.ts";
const WRITES = "net/connect/write_test.ts";
const READS = "net/connect/read_test.ts";
const WATCHES = "net/connect/watch_test.ts";
const DATABASES = "net/connect/database_test.ts";
const MESSAGES = "net/connect/protobuf/message_type_test.ts";

/** Rules G. */
export const connectCanaries: readonly Canary[] = [
  {
    rule: "G1",
    bug: "the first check of a write is skipped",
    file: WRITE,
    find: "const checks = write.checks.map(",
    replace: "const checks = write.checks.slice(1).map(",
    caughtBy: [WRITES],
  },
  {
    rule: "G1",
    bug: "a check of absence holds for a key that exists",
    file: WRITE,
    find: "if (stamp.length === 0) return { key, absent: true };",
    replace: 'if (stamp.length === 0) return { key: key + "?", absent: true };',
    caughtBy: [WRITES],
  },
  {
    rule: "G1",
    bug: "a versionstamp of another cluster passes for one of this cluster",
    file: DATABASE,
    find: "view.getUint16(REVISION_BYTES) === 0 &&",
    replace: "view.getUint16(REVISION_BYTES) >= 0 &&",
    caughtBy: [WRITES, DATABASES],
  },
  {
    rule: "G1",
    bug: "a sum is applied twice",
    file: CALCULATE,
    find: "BigInt.asUintN(64, now + given.number)",
    replace: "BigInt.asUintN(64, now + 2n * given.number)",
    caughtBy: [SUMS, WRITES],
  },
  {
    rule: "G1",
    bug: "a sum beyond its bounds is stored",
    file: CALCULATE,
    find: "if (highest !== null && result.number > highest.number) {",
    replace: "if (highest !== null && result.number === highest.number) {",
    caughtBy: [SUMS, WRITES],
  },
  {
    rule: "G1",
    bug: "numbers of different types are added",
    file: CALCULATE,
    find: 'if (given.type !== "KvU64" && !isFitting)',
    replace: 'if (given.type === "Number" && !isFitting)',
    caughtBy: [SUMS],
  },
  {
    rule: "G1",
    bug: "the bits of a sum depend on the processor",
    file: NUMBERS,
    find: "if (Number.isNaN(amount.number)) bytes.set([0xf8, 0x7f], 10);",
    replace: "if (Number.isNaN(amount.number)) bytes.set([0xf8, 0xff], 10);",
    caughtBy: ["kv/store/numbers/v8_numbers_test.ts"],
  },
  {
    rule: "G1",
    bug: "the end of a key is forgotten on its way to the store",
    file: WRITE,
    find: 'return { op: "put", key: name, value: valueOf(mutation), ...expires };',
    replace: 'return { op: "put", key: name, value: valueOf(mutation) };',
    caughtBy: [WRITES],
  },
  {
    rule: "G2",
    bug: "a write that changes nothing has the versionstamp of another one",
    file: WRITE,
    find: "if (count === 0) then.push(",
    replace: "if (count > 1e9) then.push(",
    caughtBy: [WRITES],
  },
  {
    rule: "G2",
    bug: "versionstamps do not grow in the order of their bytes",
    file: DATABASE,
    find: "setBigUint64(0, BigInt(revision));",
    replace: "setBigUint64(0, BigInt(revision), true);",
    caughtBy: [DATABASES, WRITES],
  },
  {
    rule: "G2",
    bug: "a key ends with another versionstamp than that of its write",
    file: EXECUTE,
    find: "${prefix}${this.#revision.toString(16)",
    replace: "${prefix}${(this.#revision + 1).toString(16)",
    caughtBy: [BATCHES, WRITES],
  },
  {
    rule: "G3",
    bug: "a write of unknown outcome is answered as one that was not done",
    file: WRITE,
    find: "return answer({ status: WRITE_STATUS.unspecified });",
    replace: "return answer({ status: WRITE_STATUS.disabled });",
    caughtBy: [WRITES],
  },
  {
    rule: "G3",
    bug: "a leader keeps its clients, whose requests are executed twice when it is lost",
    file: METADATA,
    find: "isLeader ? 2 : url === null ? 0 : 1;",
    replace: "url === null ? 0 : isLeader ? 2 : 1;",
    caughtBy: ["net/connect/metadata_test.ts"],
  },
  {
    rule: "G4",
    bug: "each page of a read is of another revision",
    file: READ,
    find: "at = outcome.result.revision;",
    replace: "at = 0;",
    caughtBy: [READS],
  },
  {
    rule: "G5",
    bug: "the end of a range is part of it",
    file: READ,
    find: "end: database.key(end) };",
    replace: 'end: database.key(end) + "\\0" };',
    caughtBy: [READS],
  },
  {
    rule: "G5",
    bug: "a range ends with its first page",
    file: READ,
    find: "if (next === null || limit === 0) return [];",
    replace: "if (next !== null || limit === 0) return [];",
    caughtBy: [READS],
  },
  {
    rule: "G6",
    bug: "a change that comes while the client reads is not shown",
    file: WATCH,
    find: "    this.#shown[place] = entry;\n    this.#isNew = true;",
    replace:
      "    if (this.#isNew && entry !== null) return;\n    this.#shown[place] = entry;\n    this.#isNew = true;",
    caughtBy: [WATCHES],
  },
  {
    rule: "G6",
    bug: "a key that has ended is shown as it was",
    file: WATCH,
    find: 'kind === "put" ? { key, value, revision } : null',
    replace: 'kind !== "delete" ? { key, value, revision } : null',
    caughtBy: [WATCHES],
  },
  {
    rule: "G6",
    bug: "a watch that missed changes goes on without reading the state",
    file: WATCH,
    find: "      await this.load();\n",
    replace: "      this.#revision += 1;\n",
    caughtBy: [WATCHES],
  },
  {
    rule: "G7",
    bug: "a list of a message grows without bound",
    file: PROTOBUF,
    find: "if (list.length === max) throw",
    replace: "if (list.length === -max) throw",
    caughtBy: [MESSAGES, WRITES],
  },
  {
    rule: "G7",
    bug: "a length reaches beyond the end of the message",
    file: "net/connect/protobuf/proto_reader.ts",
    find: "if (length > this.left) throw",
    replace: "if (length > this.left + 4096) throw",
    caughtBy: [MESSAGES],
  },
  {
    rule: "G8",
    bug: "all databases are one",
    file: DATABASE,
    find: "this.prefix = `db/${name}/`;",
    replace: 'this.prefix = "db//";',
    caughtBy: [WRITES, DATABASES],
  },
  {
    rule: "G8",
    bug: "a name leads into another database",
    file: DATABASE,
    find: "[A-Za-z0-9_.-]{0,63}$/;",
    replace: "[A-Za-z0-9_.\\/-]{0,63}$/;",
    caughtBy: [DATABASES],
  },
  {
    rule: "G9",
    bug: "a token of any database opens every one",
    file: "net/connect/database_tokens.ts",
    find: "this.#byDatabase.get(name)?.has(token) ?? false",
    replace: "[...this.#byDatabase.values()].some((each) => each.has(token))",
    caughtBy: ["net/connect/door_test.ts --filter token"],
  },
  {
    rule: "G9",
    bug: "the token is looked at in the exchange alone",
    file: "net/connect/door.ts",
    find: "      this.#authorize(call, database);\n      checkHeaders",
    replace: "      checkHeaders",
    caughtBy: ["net/connect/door_test.ts --filter token"],
  },
  {
    rule: "G9",
    bug: "a token that begins like the right one is taken",
    file: "net/http/tokens.ts",
    find: "const digest = digestOf(token);",
    replace: "const digest = digestOf(token.slice(0, 6));",
    caughtBy: ["net/connect/door_test.ts --filter token"],
  },
  {
    rule: "G10",
    bug: "an answer out of an older state says that it is the newest",
    file: READ,
    find: 'if (outcome.type === "done" && (outcome.ageMs ?? 0) > 0) isNewest = false;',
    replace: "",
    caughtBy: [READS],
  },
];
