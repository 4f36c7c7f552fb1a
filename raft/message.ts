/**
 * The form of a message on the wire: an {@linkcode Envelope} as one flat array of plain values, and
 * back. This file decides which messages from outside are well-formed; the transport turns the
 * array into bytes.
 *
 * Invariants: `decodeEnvelope(encodeEnvelope(e))` equals `e`; any other value is refused with a
 * {@linkcode TypeError} or {@linkcode RangeError} and changes nothing.
 *
 * @module
 */

import {
  decodeMembers,
  encodeMembers,
  type Entry,
  type EntryKind,
  type Envelope,
  goesBack,
  type Message,
  NODE_ID_MAX,
  type Position,
  type Times,
} from "./core/mod.ts";

/** A value of a message on the wire. */
export type EnvelopeValue = number | boolean | null | Uint8Array | readonly EnvelopeValue[];

/** First element of the array. Numbers are never reused for another meaning. */
const WIRE_TYPE = {
  requestVote: 1,
  requestVoteReply: 2,
  appendEntries: 3,
  appendAccepted: 4,
  appendRejected: 5,
  installSnapshot: 6,
  installSnapshotReply: 7,
  timeoutNow: 8,
  removed: 9,
  readQuestion: 10,
} as const;

/** Elements of the array by type, the four of the address included. Later versions may add some. */
const WIRE_LENGTH: readonly number[] = [0, 8, 6, 9, 6, 8, 13, 9, 4, 5, 5];

/** The kinds of entries, each at its number on the wire. */
const WIRE_KINDS: readonly EntryKind[] = ["noop", "command", "members"];

/**
 * The envelope as an array: type, from, to, term, then the fields of the message.
 *
 * @example
 * ```ts
 * import { decodeEnvelope, encodeEnvelope } from "@kontiki/kontiki/core";
 *
 * const message = { type: "requestVoteReply", preVote: false, granted: true } as const;
 * const values = encodeEnvelope({ from: 1, to: 2, term: 7, message });
 * console.assert(decodeEnvelope(values).term === 7);
 * ```
 */
export function encodeEnvelope(envelope: Envelope): readonly EnvelopeValue[] {
  const { from, to, term, message } = envelope;
  switch (message.type) {
    case "requestVote": {
      const { preVote, transfer, last } = message;
      const { index, term: lastTerm } = last;
      return [WIRE_TYPE.requestVote, from, to, term, preVote, index, lastTerm, transfer];
    }
    case "requestVoteReply":
      return [WIRE_TYPE.requestVoteReply, from, to, term, message.preVote, message.granted];
    case "appendEntries": {
      const { previous, commit, round, answer } = message;
      const entries = encodeEntries(message.entries);
      const { index, term: previousTerm } = previous;
      const type = WIRE_TYPE.appendEntries;
      const [question, answered] = [answer?.question ?? null, answer?.index ?? null];
      const place = [index, previousTerm, commit, round] as const;
      return [type, from, to, term, ...place, entries, question, answered];
    }
    case "appendEntriesReply": {
      if (message.accepted) {
        const { round, match, question } = message;
        return [WIRE_TYPE.appendAccepted, from, to, term, round, match, question];
      }
      const { round, previous, conflict } = message;
      const { term: heldTerm, index } = conflict;
      return [WIRE_TYPE.appendRejected, from, to, term, round, previous, heldTerm, index];
    }
    case "installSnapshot": {
      const { last, offset, data, total, round } = message;
      const { index, term: lastTerm, times } = last;
      const type = WIRE_TYPE.installSnapshot;
      const { steady, wall } = times;
      const members = encodeMembers(message.members);
      const place = [index, lastTerm, offset, data, total, round, steady, wall];
      return [type, from, to, term, ...place, members];
    }
    case "installSnapshotReply": {
      const { last, received, cursor, round } = message;
      const type = WIRE_TYPE.installSnapshotReply;
      return [type, from, to, term, last.index, last.term, received, cursor, round];
    }
    case "timeoutNow":
      return [WIRE_TYPE.timeoutNow, from, to, term];
    case "readQuestion":
      return [WIRE_TYPE.readQuestion, from, to, term, message.question];
    case "removed":
      return [WIRE_TYPE.removed, from, to, term, message.commit];
  }
}

/**
 * The envelope that an array from outside stands for. Its binary data are the array's own, not copies:
 * a transport must not write over them. Entries of one append stay in memory together, as in the log.
 *
 * @example
 * ```ts
 * import { decodeEnvelope } from "@kontiki/kontiki/core";
 *
 * try {
 *   decodeEnvelope([99]);
 * } catch (error) {
 *   console.assert(error instanceof RangeError); // wanted a known type
 * }
 * ```
 *
 * @throws {TypeError} If it is not an array, or a field is not of its type.
 * @throws {RangeError} If the type is unknown, or a number contradicts the others.
 */
export function decodeEnvelope(value: unknown): Envelope {
  if (!Array.isArray(value)) throw refusal("message", "an array", value);
  const fields: readonly unknown[] = value;
  const type = fields[0];
  const length = typeof type === "number" ? WIRE_LENGTH[type] : undefined;
  if (length === undefined || length === 0) {
    throw new RangeError(`Cannot decode message: wanted a known type, got ${shown(type)}`);
  }
  if (fields.length < length) {
    throw new RangeError(
      `Cannot decode message of type ${type}: wanted ${length} fields, got ${fields.length}`,
    );
  }
  const from = nodeId(fields[1], "from");
  const to = nodeId(fields[2], "to");
  const term = whole(fields[3], "term");
  return { from, to, term, message: decodeMessage(type as number, term, fields) };
}

/** The message behind the address. The number of fields has been checked. */
function decodeMessage(type: number, term: number, fields: readonly unknown[]): Message {
  switch (type) {
    case WIRE_TYPE.requestVote: {
      const preVote = flag(fields[4], "preVote");
      const transfer = flag(fields[7], "transfer");
      return { type: "requestVote", preVote, transfer, last: position(fields, 5, term) };
    }
    case WIRE_TYPE.requestVoteReply: {
      const preVote = flag(fields[4], "preVote");
      return { type: "requestVoteReply", preVote, granted: flag(fields[5], "granted") };
    }
    case WIRE_TYPE.appendEntries: {
      const previous = position(fields, 4, term);
      const commit = whole(fields[6], "commit");
      const round = whole(fields[7], "round");
      const entries = decodeEntries(fields[8], { previous, term });
      const [question, index] = [later(fields, 9, "question"), later(fields, 10, "answer")];
      const answer = question === null || index === null ? null : { question, index };
      return { type: "appendEntries", previous, entries, commit, round, answer };
    }
    case WIRE_TYPE.appendAccepted: {
      const round = whole(fields[4], "round");
      const match = whole(fields[5], "match");
      const question = later(fields, 6, "question");
      return { type: "appendEntriesReply", accepted: true, round, match, question };
    }
    case WIRE_TYPE.appendRejected: {
      const round = whole(fields[4], "round");
      const previous = whole(fields[5], "previous");
      const heldTerm = fields[6] === null ? null : whole(fields[6], "conflict term");
      const conflict = { term: heldTerm, index: whole(fields[7], "conflict index") };
      if (conflict.index === 0 || conflict.index > previous) {
        const wanted = `an index from 1 to ${previous}`;
        throw new RangeError(`Cannot decode conflict: wanted ${wanted}, got ${conflict.index}`);
      }
      return { type: "appendEntriesReply", accepted: false, round, previous, conflict };
    }
    case WIRE_TYPE.installSnapshot:
      return decodeInstallSnapshot(term, fields);
    case WIRE_TYPE.timeoutNow:
      return { type: "timeoutNow" };
    case WIRE_TYPE.readQuestion:
      return { type: "readQuestion", question: whole(fields[4], "question") };
    case WIRE_TYPE.removed:
      return { type: "removed", commit: whole(fields[4], "commit") };
    default: {
      const last = position(fields, 4, term);
      const received = whole(fields[6], "received");
      const [cursor, round] = [bytes(fields[7], "cursor"), whole(fields[8], "round")];
      return { type: "installSnapshotReply", last, received, cursor, round };
    }
  }
}

function decodeInstallSnapshot(term: number, fields: readonly unknown[]): Message {
  const times = { steady: whole(fields[10], "steady"), wall: whole(fields[11], "wall") };
  const last = { ...position(fields, 4, term), times };
  const offset = whole(fields[6], "offset");
  const data = bytes(fields[7], "data");
  const total = whole(fields[8], "total");
  if (offset + data.length > total) {
    const end = offset + data.length;
    throw new RangeError(`Cannot decode message: wanted a chunk within ${total}, got end ${end}`);
  }
  const members = decodeMembers(bytes(fields[12], "members"));
  const round = whole(fields[9], "round");
  return { type: "installSnapshot", last, members, offset, data, total, round };
}

/**
 * Runs of entries of one term, kind and time, each as an array of these and the data. The index
 * follows from the position before the first. Most entries of an append share one run.
 */
function encodeEntries(entries: readonly Entry[]): readonly EnvelopeValue[] {
  const runs: EnvelopeValue[] = [];
  let run: EnvelopeValue[] = [];
  let before: Entry | null = null;
  for (const entry of entries) {
    if (before === null || !isSameRun(before, entry)) {
      const { term, kind, times } = entry;
      run = [];
      runs.push([term, WIRE_KINDS.indexOf(kind), times.steady, times.wall, run]);
    }
    run.push(entry.data);
    before = entry;
  }
  return runs;
}

function isSameRun(one: Entry, other: Entry): boolean {
  return one.times === other.times && one.term === other.term && one.kind === other.kind;
}

/** Terms and times never go back along a log, and no term is beyond the sender's. */
function decodeEntries(
  value: unknown,
  bounds: { readonly previous: Position; readonly term: number },
): readonly Entry[] {
  if (!Array.isArray(value)) throw refusal("entries", "an array", value);
  const runs: readonly unknown[] = value;
  const entries: Entry[] = [];
  let { index } = bounds.previous;
  let before: Run = { ...FIRST_RUN, term: Math.max(1, bounds.previous.term) };
  for (const fields of runs) {
    const run = decodeRun(fields, { before, termMax: bounds.term });
    const { term, times, kind } = run;
    for (const data of run.data) {
      entries.push({ index: ++index, term, times, kind, data: bytes(data, "data of an entry") });
      if (kind === "members") decodeMembers(entries.at(-1)!.data);
    }
    before = run;
  }
  whole(index, "last index");
  return entries;
}

/** Entries that follow each other and share all but their data. */
interface Run {
  readonly term: number;
  readonly kind: EntryKind;
  readonly times: Times;
  readonly data: readonly unknown[];
}

const FIRST_RUN: Run = { term: 1, kind: "noop", times: { steady: 0, wall: 0 }, data: [] };

function decodeRun(
  value: unknown,
  { before, termMax }: { readonly before: Run; readonly termMax: number },
): Run {
  if (!Array.isArray(value)) throw refusal("run of entries", "an array", value);
  const fields: readonly unknown[] = value;
  const term = whole(fields[0], "entry term");
  if (term < before.term || term > termMax) {
    const wanted = `a term from ${before.term} to ${termMax}`;
    throw new RangeError(`Cannot decode entries: wanted ${wanted}, got ${term}`);
  }
  const number = whole(fields[1], "kind of entry");
  const kind = WIRE_KINDS[number];
  if (kind === undefined) throw refusal("kind of entry", "a known kind", number);
  const times = { steady: whole(fields[2], "steady"), wall: whole(fields[3], "wall") };
  if (goesBack(before.times, times)) {
    const { steady, wall } = before.times;
    const wanted = `times from ${steady} and ${wall} on`;
    throw new RangeError(
      `Cannot decode entries: wanted ${wanted}, got ${times.steady} and ${times.wall}`,
    );
  }
  const data = fields[4];
  if (!Array.isArray(data)) throw refusal("data of entries", "an array", data);
  return { term, kind, times, data };
}

/** Two fields. Only the place before the first entry has term 0. */
function position(fields: readonly unknown[], at: number, termMax: number): Position {
  const index = whole(fields[at], "index");
  const term = whole(fields[at + 1], "term of index");
  if ((index === 0) !== (term === 0) || term > termMax) {
    const wanted = `0@0 or a term from 1 to ${termMax}`;
    throw new RangeError(`Cannot decode position: wanted ${wanted}, got ${index}@${term}`);
  }
  return { index, term };
}

function nodeId(value: unknown, name: string): number {
  const id = whole(value, name);
  if (id === 0 || id > NODE_ID_MAX) {
    throw new RangeError(`Cannot decode ${name}: wanted 1 to ${NODE_ID_MAX}, got ${id}`);
  }
  return id;
}

function whole(value: unknown, name: string): number {
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return value;
  throw refusal(name, "a whole number", value);
}

/** A number that may be missing, and that earlier releases do not write. */
function later(fields: readonly unknown[], at: number, name: string): number | null {
  return at >= fields.length || fields[at] === null ? null : whole(fields[at], name);
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw refusal(name, "true or false", value);
}

/**
 * The bytes themselves, since a copy of each command would be the most expensive step of a follower
 * (see decodeEnvelope).
 */
function bytes(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw refusal(name, "bytes", value);
}

function refusal(name: string, wanted: string, got: unknown): TypeError | RangeError {
  const kind = typeof got === "number" ? RangeError : TypeError;
  return new kind(`Cannot decode ${name}: wanted ${wanted}, got ${shown(got)}`);
}

/** A short description of any value, since any sender can cause a log line with it. */
function shown(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `a value of type ${typeof value}`;
}
