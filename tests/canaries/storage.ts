/**
 * Bugs of the files on disk: rules D1 to D9, what S1 to S5 ask of the disk, and E1 and E4.
 *
 * @module
 */

import { type Canary, NODE, NODE_TESTS } from "./canary.ts";

const STORAGE = "raft/storage/file_storage.ts";
const LOG = "raft/storage/file_log.ts";
const MAKER = "raft/storage/segment_maker.ts";
const FINAL = "raft/storage/final_files.ts";
const READING = "raft/storage/file_reading.ts";
const RECOVERY = "raft/storage/file_recovery.ts";
const RECORD = "raft/storage/format/record.ts";
const HEAD = "raft/storage/format/file_head.ts";
const SAVE = "raft/core/model/save.ts";
const DENO = "raft/storage/deno_files.ts";

const CRASHES = "tests/storage/storage_crash_test.ts";
const DAMAGE = "tests/storage/storage_damage_test.ts";
const ERRORS = "tests/long/storage/storage_error_test.ts";
const SUITE = "raft/storage/file_storage_test.ts";

/** Bugs by rule, planted one at a time. */
export const storageCanaries: readonly Canary[] = [
  {
    rule: "D1",
    bug: "an append is acknowledged before it is synced",
    file: LOG,
    find: "      await this.#append(open, tail);\n      await open.file.sync();",
    replace: "      await this.#append(open, tail);",
    caughtBy: [CRASHES],
  },
  {
    rule: "D1",
    bug: "the first save of a segment is acknowledged before it is synced",
    file: LOG,
    find: "base.term);\n    await open.file.sync();",
    replace: "base.term);",
    caughtBy: [CRASHES],
  },
  {
    rule: "D1",
    bug: "unsynced bytes of a killed process are served without being written again",
    file: LOG,
    find: "await this.#begin(base.index > this.#base.index ? base : this.#base);",
    replace: "await this.#begin(this.#entries.at(-1) ?? base);",
    caughtBy: [CRASHES],
  },
  {
    rule: "D1",
    bug: "a new file gets its name before its bytes are durable",
    file: FINAL,
    find: "if (offset > synced) await file.sync();",
    replace: "",
    caughtBy: [CRASHES],
  },
  {
    rule: "D2",
    bug: "a new segment is used before its name is durable",
    file: MAKER,
    find: "await files.syncFolder();",
    replace: "",
    caughtBy: [CRASHES],
  },
  {
    rule: "D2",
    bug: "a new segment is used though the vote file does not demand it",
    file: MAKER,
    find: "await made(sequence);",
    replace: "",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D2",
    bug: "a replaced vote or snapshot is used before its name is durable",
    file: STORAGE,
    find: "await this.#files.syncFolder();",
    replace: "",
    caughtBy: [CRASHES],
  },
  {
    rule: "D2",
    bug: "a new folder is not durable and can be lost at a power cut",
    file: DENO,
    find: "  for (const path of made.toReversed()) await syncFolder(parentOf(path));\n",
    replace: "",
    caughtBy: ["raft/storage/deno_files_test.ts"],
  },
  {
    rule: "D3",
    bug: "a failed sync is retried",
    file: FINAL,
    find: "sync: () => this.#run(name, () => file.sync()),",
    replace: "sync: () => this.#run(name, () => file.sync().catch(() => file.sync())),",
    caughtBy: [ERRORS],
  },
  {
    rule: "D3",
    bug: "a storage continues after a failure",
    file: FINAL,
    find: "if (this.#failure !== null) throw this.#failure;",
    replace: "",
    caughtBy: [ERRORS],
  },
  {
    rule: "D4",
    bug: "a damaged record in the middle is cut off with all later ones",
    file: RECORD,
    find: "if (hasLaterSave(bytes, place)) return false;",
    replace: "",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "a flipped bit in the last record is treated as a torn write",
    file: RECORD,
    find: "return hasHole(bytes.subarray(0, length), place.offset);",
    replace: "return true;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "bit rot in a last value full of zeros is treated as a torn write",
    file: RECORD,
    find: "if (isOneBit(difference >>> 0, body.length)) return false;",
    replace: "",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "any segment may end in a torn record",
    file: READING,
    find: "if (!options.mayBeTorn || !isTorn(",
    replace: "if (!isTorn(",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "a torn end is refused, so that the node does not start after a power cut",
    file: READING,
    find: "if (!options.mayBeTorn || !isTorn(",
    replace: "if (options.mayBeTorn || !isTorn(",
    caughtBy: [CRASHES],
  },
  {
    rule: "D4",
    bug: "a segment that became shorter is taken for one that ends in a torn write",
    file: READING,
    find: "if (bytes !== length) {",
    replace: "if (bytes > length) {",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "a write that ended early is taken for rot, so that a failed write bricks the node",
    file: RECORD,
    find: "if (usedLength(bytes) < length) return true;",
    replace: "",
    caughtBy: ["raft/storage/format/record_test.ts raft/storage/format/file_head_test.ts"],
  },
  {
    rule: "D4",
    bug: "a lost save is cut off though a later one was begun in the next segment",
    file: RECOVERY,
    find: "newest.torn.index > snapshot.index",
    replace: "newest.torn.index > Infinity",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D4",
    bug: "a segment with the rest of a save that was cut off is used as if it were empty",
    file: RECOVERY,
    find: "spare: newest.trimmed === null ? unused : null,",
    replace: "spare: unused,",
    caughtBy: [CRASHES],
  },
  {
    rule: "D5",
    bug: "a full disk ends the storage even where nothing that counts was written",
    file: FINAL,
    find: 'if (kind === "full" && name.endsWith(".tmp"))',
    replace: 'if (kind === "full" && name === "")',
    caughtBy: [ERRORS],
  },
  {
    rule: "D5",
    bug: "a full disk is reported as a broken disk",
    file: "raft/storage/storage_error.ts",
    find: '"ENOSPC", ',
    replace: "",
    caughtBy: [ERRORS],
  },
  {
    rule: "D5",
    bug: "a failed open keeps the lock, so that repair needs a new process",
    file: STORAGE,
    find: "      await this.close();\n      throw error;",
    replace: "      throw error;",
    caughtBy: [ERRORS],
  },
  {
    rule: "D5",
    bug: "a node that ended on a disk failure keeps the lock, so that repair needs a new process",
    file: NODE,
    find: `  stop(): Promise<void> {
    this.#isStopped = true;`,
    replace: `  stop(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#isStopped = true;`,
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "D8",
    bug: "a wrong option still claims an empty folder for this node",
    file: NODE,
    find: "    checkOptions(options);\n",
    replace: "",
    caughtBy: [NODE_TESTS],
  },
  {
    rule: "D6",
    bug: "the body of a record is not checked",
    file: RECORD,
    find: "if (crc32(body, seedOf(header.place)) !== header.bodyChecksum) return null;",
    replace: "",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D6",
    bug: "the head of a file is not checked",
    file: HEAD,
    find: "if (crc32(bytes.subarray(0, length - 4)) !== checksum) return null;",
    replace: "",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D6",
    bug: "the image of a snapshot is not checked",
    file: READING,
    find: ".getUint32(0, true) !== checksum) {",
    replace: ".getUint32(0, true) < 0) {",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D6",
    bug: "a record's checksum ignores its offset, so that a misplaced write is served",
    file: RECORD,
    find: "return (place.headerChecksum ^ place.offset) >>> 0;",
    replace: "return place.offset & 0;",
    caughtBy: ["raft/storage/format/record_test.ts"],
  },
  {
    rule: "D7",
    bug: "a save of several records counts as complete after its first record",
    file: READING,
    find: "if (!record.content.continues) {",
    replace: "if (pending.length > 0) {",
    caughtBy: [CRASHES],
  },
  {
    rule: "D8",
    bug: "an empty folder is initialized although data was expected",
    file: STORAGE,
    find: "if (found === null && this.#options.create === false) {",
    replace: "if (found === null && this.#options.create === null) {",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D8",
    bug: "a folder without its vote is treated as new",
    file: RECOVERY,
    find: "if (names.length === temporary.length) return null;",
    replace: "if (!names.includes(VOTE_FILE)) return null;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D8",
    bug: "the folder of another node is used",
    file: READING,
    find: "if (found.cluster !== wanted.cluster || found.node !== wanted.node) {",
    replace: "if (found.cluster !== wanted.cluster) {",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D8",
    bug: "the newest segment may be missing",
    file: RECOVERY,
    find: "if ((newest?.sequence ?? 0) >= least) return;",
    replace: "if (least >= 0) return;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D8",
    bug: "a segment in use may be missing while the prepared one is there",
    file: RECOVERY,
    find: "if (unused === null || unused.sequence === sequence + 1) return;",
    replace: "if (unused === null || unused.sequence > sequence) return;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "D9",
    bug: "leftover files are removed after their names are in use again",
    file: STORAGE,
    find: `    await this.#remove(garbage.filter(isTemporary));
    if (spare !== null) {
      await this.#demandSegment(spare.sequence);
      await maker.adopt(spare);
    }
    await log.renew();`,
    replace: `    if (spare !== null) {
      await this.#demandSegment(spare.sequence);
      await maker.adopt(spare);
    }
    await log.renew();
    await this.#remove(garbage.filter(isTemporary));`,
    caughtBy: [CRASHES],
  },
  {
    rule: "D9",
    bug: "old segments are removed before the new one exists",
    file: STORAGE,
    find: `    await log.renew();
    const replaced = garbage.filter((name) => !isTemporary(name));`,
    replace: `    const replaced: string[] = [];
    for (const name of garbage) if (!isTemporary(name)) await this.#files.remove(name);
    await this.#remove(segments.map(({ name }) => name));
    await log.renew();
    log.takeGarbage();`,
    caughtBy: [CRASHES],
  },
  {
    rule: "D9",
    bug: "the vote is saved after the entries of its term",
    file: STORAGE,
    find: "if (vote !== null) await this.#writeVote(vote);",
    replace:
      "if (vote !== null) { if (tail !== null) await log.write(tail); await this.#writeVote(vote); }",
    caughtBy: [CRASHES],
  },
  {
    rule: "D9",
    bug: "a second process may use the folder",
    file: DENO,
    find: "if (!await tryLock(file)) return false;",
    replace: "if (!await tryLock(file)) return true;",
    caughtBy: ["raft/storage/deno_files_test.ts"],
  },
  {
    rule: "E1",
    bug: "term and vote are changed in place",
    file: FINAL,
    find: "    const file = await files.create(name);",
    replace: `    const file = await files.create(name === "vote.tmp" ? "vote" : name);
    if (name === "vote.tmp") await files.syncFolder().then(() => files.create(name));`,
    caughtBy: [CRASHES],
  },
  {
    rule: "E4",
    bug: "a vote older than the log is accepted",
    file: RECOVERY,
    find: "if (highest <= term) return;",
    replace: "if (highest >= 0) return;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "S1",
    bug: "entries after a snapshot that conflicts with them are kept",
    file: RECOVERY,
    find: "return held?.term === snapshot.term ?",
    replace: "return held !== undefined ?",
    caughtBy: [CRASHES],
  },
  {
    rule: "S1",
    bug: "entries after a matching snapshot are dropped",
    file: LOG,
    find: "if (this.#positionAt(base.index)?.term === base.term) {",
    replace: "if (base.index < 0) {",
    caughtBy: [SUITE],
  },
  {
    rule: "S2",
    bug: "an older snapshot may replace a newer one",
    file: SAVE,
    find: "index >= base.index,",
    replace: "index >= 0,",
    caughtBy: ["raft/core/model/save_test.ts"],
  },
  {
    rule: "S2",
    bug: "a missing newest snapshot is replaced by an older one",
    file: RECOVERY,
    find: "if ((newest?.index ?? 0) < least.index) {",
    replace: "if ((newest?.index ?? 0) < 0) {",
    caughtBy: [DAMAGE],
  },
  {
    rule: "S2",
    bug: "a new snapshot is removed with the old one when both have one name",
    file: STORAGE,
    find: "if (snapshot !== null && before !== undefined && !isSame(before, snapshot.last)) {",
    replace: "if (snapshot !== null && before !== undefined) {",
    caughtBy: [SUITE],
  },
  {
    rule: "S3",
    bug: "a log with a gap after the snapshot is served",
    file: RECOVERY,
    find: "if (first === undefined || first.base.index <= snapshot.index) return;",
    replace: "if (first !== null) return;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "S3",
    bug: "a segment may continue after a position of another term",
    file: RECOVERY,
    find: "if (held?.term === base.term) return;",
    replace: "if (held !== undefined) return;",
    caughtBy: [DAMAGE],
  },
  {
    rule: "S3",
    bug: "the oldest segment that is needed is removed at compaction",
    file: RECOVERY,
    find: "if (next !== undefined && next.base.index <= snapshot.index) break;",
    replace: "if (next !== undefined && next.base.index <= snapshot.index + 3) break;",
    caughtBy: [SUITE, CRASHES],
  },
  {
    rule: "S4",
    bug: "a partly written snapshot is accepted",
    file: STORAGE,
    find: "if (!isThis || !await prepared.written) {",
    replace: "if (!isThis) {",
    caughtBy: [CRASHES],
  },
  {
    rule: "S5",
    bug: "the last slice of an image is not written",
    file: STORAGE,
    find: "at < data.length; at += SLICE_BYTES",
    replace: "at + SLICE_BYTES < data.length; at += SLICE_BYTES",
    caughtBy: [SUITE],
  },
  {
    rule: "S7",
    bug: "segments that the snapshot covers are never removed",
    file: LOG,
    find: "if (!needed.includes(segment)) this.#garbage.push(segment.name);",
    replace: "",
    caughtBy: [SUITE],
  },
  {
    rule: "S7",
    bug: "a segment full of dead entries is never rewritten",
    file: LOG,
    find: "const rewrites = !isBefore && this.#isMostlyDead();",
    replace: "const rewrites = false;",
    caughtBy: [SUITE],
  },
  {
    rule: "S7",
    bug: "entries that a received snapshot replaced count as live",
    file: LOG,
    find: "      this.#entries.length = 0;\n      this.#liveBytes = 0;\n",
    replace: "      this.#entries.length = 0;\n",
    caughtBy: [SUITE],
  },
  {
    rule: "S6",
    bug: "a prepared image is written again by its save",
    file: STORAGE,
    find: "const isThis = prepared?.snapshot.data === data &&",
    replace: "const isThis = prepared?.snapshot.data === null &&",
    caughtBy: [SUITE],
  },
  {
    rule: "S7",
    bug: "unfinished files of an earlier start are never removed",
    file: STORAGE,
    find: "    await this.#remove(garbage.filter(isTemporary));\n",
    replace: "",
    caughtBy: [SUITE],
  },
  {
    rule: "S7",
    bug: "an image that was prepared but not saved stays on the disk",
    file: STORAGE,
    find: "      if (before !== null) await this.#forget(before);\n",
    replace: "",
    caughtBy: [SUITE],
  },
];
