/**
 * Bugs of batches: of the operations, of their bytes, and of the clients that send them.
 *
 * @module
 */

import type { Canary } from "./canary.ts";

const STORE = "kv/store/store.ts";
const EXECUTE = "kv/store/execute.ts";
const DRAFT = "kv/store/draft.ts";
const BATCH = "kv/command/batch.ts";
const FIELDS = "kv/command/fields.ts";
const CLERK = "kv/client/clerk.ts";
const RANGES = "net/store/ranges.ts";

const BATCHES = "kv/store/execute_test.ts";
const BYTES = "kv/command/batch_test.ts";
const LISTS = "net/store/batch_test.ts";
const SWARM = "tests/swarm/kv_swarm_test.ts";

/** Rules O. */
export const storeCanaries: readonly Canary[] = [
  {
    rule: "O1",
    bug: "a batch that cannot be executed has made the changes before its wrong operation",
    file: STORE,
    find: 'if (reply.type === "batch" && !this.#commit(draft.changes)) return FULL;',
    replace: "if (!this.#commit(draft.changes)) return FULL;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O1",
    bug: "a batch for which there is no room stores the keys that fit",
    file: STORE,
    find: "if (!this.#room.has(changes)) return false;",
    replace: "if (!this.#room.has(changes.slice(0, 1))) return false;",
    caughtBy: [BATCHES],
  },
  {
    rule: "O1",
    bug: "only the first change of a batch is made",
    file: STORE,
    find: "      this.#state.add(change.entry);",
    replace: "      if (change === changes[0]) this.#state.add(change.entry);",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O2",
    bug: "a key that comes back begins with version 1",
    file: EXECUTE,
    find: "version: (before?.version ?? 0) + 1,",
    replace: "version: (isNew ? 0 : before.version) + 1,",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O2",
    bug: "a key that comes back keeps the revision at which it was first created",
    file: EXECUTE,
    find: "created: isNew ? revision : before.created,",
    replace: "created: before === null ? revision : before.created,",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O2",
    bug: "an image forgets deletions, and the versions of deleted keys with them",
    file: "kv/store/image.ts",
    find: "for (const entry of deletions) state.add(entry);",
    replace: "deletions.length = 0;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O2",
    bug: "the lab's put of version 0 overwrites the memory of a deleted key",
    file: STORE,
    find: "const found = previous?.version ?? 0;",
    replace: "const found = previous?.value ? previous.version : 0;",
    caughtBy: [BATCHES, LISTS],
  },
  {
    rule: "O3",
    bug: "both branches of a batch are executed when a check fails",
    file: EXECUTE,
    find: "(held ? batch.then : batch.otherwise).map(",
    replace: "(held ? batch.then : [...batch.then, ...batch.otherwise]).map(",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O3",
    bug: "a batch holds when its first check does",
    file: EXECUTE,
    find: "const held = failedChecks.length === 0;",
    replace: "const held = failedChecks[0] !== 0;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O3",
    bug: "a deleted key counts as present",
    file: EXECUTE,
    find: "const exists = entry !== null && entry.value !== null;",
    replace: "const exists = entry !== null;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O3",
    bug: "a check of a revision holds for every later one",
    file: EXECUTE,
    find: "entry.revision === (check as { revision: number }).revision",
    replace: "entry.revision >= (check as { revision: number }).revision",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O3",
    bug: "values are equal when one begins with the other",
    file: EXECUTE,
    find: "one.length === other.length && one.every(",
    replace: "one.every(",
    caughtBy: [BATCHES],
  },
  {
    rule: "O4",
    bug: "a read at a revision sees the newest state",
    file: STORE,
    find: "new Draft(this.#state, at), at)",
    replace: "new Draft(this.#state, this.#revision), at)",
    caughtBy: [BATCHES, LISTS],
  },
  {
    rule: "O4",
    bug: "a revision that is gone is read as the oldest that is there",
    file: STORE,
    find: 'if (at < oldest) return encodeReply({ type: "compacted", oldest });',
    replace: "if (at < oldest) return this.#read({ ...batch, at: oldest });",
    caughtBy: [BATCHES],
  },
  {
    rule: "O4",
    bug: "a revision that is not there yet is read as the newest",
    file: STORE,
    find:
      'if (at > this.#revision) return encodeReply({ type: "future", newest: this.#revision });',
    replace: "if (at > this.#revision) return this.#read({ ...batch, at: 0 });",
    caughtBy: [BATCHES, LISTS],
  },
  {
    rule: "O4",
    bug: "a page leaves out the key at which the next one begins",
    file: EXECUTE,
    find: "next = reverse ? entries.at(-1)!.key : entry.key;",
    replace: "next = `${entries.at(-1)!.key}\\0\\0`;",
    caughtBy: [BATCHES],
  },
  {
    rule: "O4",
    bug: "later pages of a list show later revisions",
    file: RANGES,
    find: "    revision = seen;\n    yield*",
    replace: "    revision = at + 0 * seen;\n    yield*",
    caughtBy: [LISTS],
  },
  {
    rule: "O4",
    bug: "a list ends with its first page",
    file: RANGES,
    find: "    if (result.next === null) return;\n    if (reverse)",
    replace: "    if (result.next !== null) return;\n    if (reverse)",
    caughtBy: [LISTS],
  },
  {
    rule: "O4",
    bug: "a range shows a key that the batch has deleted before",
    file: DRAFT,
    find: "      if (changed[place] !== entry.key) yield entry;",
    replace: "      yield entry;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O4",
    bug: "a range passes over keys that the batch has written behind its last stored one",
    file: DRAFT,
    find: "    for (; place < changed.length; place++) {",
    replace: "    for (; place < 0; place++) {",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O5",
    bug: "a clerk sends a batch again that may have been executed, and so executes it twice",
    file: CLERK,
    find: "          if (isOnce) return { reply: null, isUnsure };\n",
    replace: "",
    caughtBy: [SWARM],
  },
  {
    rule: "O5",
    bug: "a batch counts as safe to repeat when it checks a key that it does not write",
    file: BATCH,
    find: '"key" in operation && guarded.has(operation.key) &&',
    replace: '"key" in operation && guarded.size > 0 &&',
    caughtBy: [BYTES, SWARM],
  },
  {
    rule: "O5",
    bug: "a batch that checks for absence counts as safe to repeat",
    file: BATCH,
    find: '"version" in check || "revision" in check ?',
    replace: '"version" in check || "revision" in check || "absent" in check ?',
    caughtBy: [BYTES],
  },
  {
    rule: "O5",
    bug:
      "a failed check after an open request is called no, although that request may be the cause",
    file: CLERK,
    find: "(!isUnsure || reply.result.held || isReadOnly(batch))",
    replace: "(!isUnsure || !isOnce)",
    caughtBy: [SWARM],
  },
  {
    rule: "O6",
    bug: "a deletion of a range takes one key more than its limit",
    file: EXECUTE,
    find: "if (keys.length === limit) {",
    replace: "if (keys.length > limit) {",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O6",
    bug: "a deletion of a key that does not exist raises its version",
    file: EXECUTE,
    find: "if (before === null || before.value === null) return false;",
    replace: "if (before === null) return false;",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O6",
    bug: "the end of a prefix lies behind keys that do not begin with it",
    file: "kv/command/key_text.ts",
    find: "String.fromCharCode(last + 1)",
    replace: "String.fromCharCode(Math.min(0xff, last + 2))",
    caughtBy: ["kv/command/key_text_test.ts"],
  },
  {
    rule: "O6",
    bug: "an addition beyond 64 bits ends at the largest number, also when it should wrap",
    file: EXECUTE,
    find: 'return overflow === "clamp" ? LAST_NUMBER',
    replace: "return overflow ? LAST_NUMBER",
    caughtBy: [BATCHES],
  },
  {
    rule: "O6",
    bug: "numbers are big endian",
    file: EXECUTE,
    find: "viewOf(bytes).setBigUint64(0, value, true);",
    replace: "viewOf(bytes).setBigUint64(0, value, false);",
    caughtBy: [BATCHES, SWARM],
  },
  {
    rule: "O7",
    bug: "a batch of more operations than the limit enters the log",
    file: BATCH,
    find: "if (counts[0] + counts[1] + counts[2] > BATCH_LIMITS.operations) {",
    replace: "if (counts[0] > BATCH_LIMITS.operations) {",
    caughtBy: [BYTES, "kv/command/request_test.ts"],
  },
  {
    rule: "O7",
    bug: "values longer than the limit are stored",
    file: FIELDS,
    find: "bytes.length <= VALUE_BYTES_MAX;",
    replace: "bytes.length <= 2 * VALUE_BYTES_MAX;",
    caughtBy: [BYTES],
  },
  {
    rule: "O7",
    bug: "one batch may read every key of the store",
    file: EXECUTE,
    find: "if (++this.#keys > WORK_LIMITS.keys) {",
    replace: "if (++this.#keys > 1e9) {",
    caughtBy: [BATCHES],
  },
  {
    rule: "O7",
    bug: "a page of a range may be as long as all values in it",
    file: EXECUTE,
    find: "const isFull = entries.length > 0 && bytes + size > WORK_LIMITS.pageBytes;",
    replace: "const isFull = bytes < 0;",
    caughtBy: [BATCHES],
  },
  {
    rule: "O8",
    bug: "the observer is not shown what the lab's puts change",
    file: STORE,
    find: "if (changes.length > 0) this.#observer?.(",
    replace: "if (changes.length > 1) this.#observer?.(",
    caughtBy: [BATCHES],
  },
  {
    rule: "O8",
    bug: "the observer sees what a key was within the batch, not before it",
    file: DRAFT,
    find: "const previous = this.#changes.get(entry.key)?.previous;",
    replace: "const previous = this.#changes.get(entry.key)?.entry;",
    caughtBy: [BATCHES],
  },
  {
    rule: "X8",
    bug: "old versions are kept for ever",
    file: "kv/store/history.ts",
    find: "|| this.#total > bytesMax) this.#drop();",
    replace: "|| this.#total < 0) this.#drop();",
    caughtBy: ["kv/store/history_test.ts"],
  },
];
