/**
 * Atomic writes: what a client sends becomes one batch of the store, and the batch's outcome becomes
 * the answer.
 *
 * Invariants: a write happens at one revision or not at all, and only if all of its checks hold (G1);
 * its versionstamp is that revision (G2); an answer never says "failed" of a write that may have been
 * executed (G3).
 *
 * @module
 */

import type { Batch, BatchOutcome, Check, Operation } from "../../kv/mod.ts";
import { type Database, revisionOf, STAMP_BYTES, stampOf } from "./database.ts";
import {
  AtomicWrite,
  AtomicWriteOutput,
  CONNECT_LIMITS,
  Enqueue,
  type MessageOf,
  MUTATION,
  type MutationMessage,
  WRITE_STATUS,
} from "./messages.ts";
import type { ProtoWriter } from "./protobuf/mod.ts";
import { type ConnectRefusal, refusal, unavailable } from "./refusal.ts";
import { ENCODING, storedValue } from "./values.ts";

type Write = MessageOf<typeof AtomicWrite>;
type Message = MessageOf<typeof Enqueue>;

const NOTHING = new Uint8Array();

/** No key was ever written at it. */
const NEVER = 0;

/** The string that follows in a key, and its end, as clients write them. */
const STAMP_BEFORE = "\x02";
const STAMP_AFTER = "\0";

/** The batch of a write. Throws a refusal for a write that is beyond a limit. */
export function batchOf(body: Uint8Array, database: Database): Batch {
  const write = AtomicWrite.decode(body);
  const count = write.mutations.length + write.enqueues.length;
  if (count > CONNECT_LIMITS.mutations) {
    throw refusal(
      `Wanted at most ${CONNECT_LIMITS.mutations} mutations and enqueues, got ${count}`,
    );
  }
  const bytes = sizeOf(write);
  if (bytes > CONNECT_LIMITS.writeBytes) {
    throw refusal(`Wanted a write of at most ${CONNECT_LIMITS.writeBytes} bytes, got ${bytes}`);
  }
  const then: Operation[] = [
    ...write.mutations.map((mutation) => operationOf(mutation, database)),
    ...write.enqueues.map((message, place) => enqueueOf(message, { database, place })),
  ];
  // A write of checks alone has a versionstamp of its own, too: the deletion of no key enters the log.
  if (count === 0) then.push({ op: "delete", key: database.prefix });
  const checks = write.checks.map(({ key, versionstamp }) => {
    return checkOf(database.key(checkedKey(key, CONNECT_LIMITS.readKeyBytes)), versionstamp);
  });
  return { checks, then, otherwise: [], at: 0 };
}

/** The answer to a write. Throws a refusal if it was certainly not executed and may be repeated. */
export function writeAnswer(outcome: BatchOutcome): ProtoWriter {
  switch (outcome.type) {
    case "done": {
      const { held, revision, failedChecks } = outcome.result;
      return held
        ? answer({ status: WRITE_STATUS.success, versionstamp: stampOf(revision) })
        : answer({ status: WRITE_STATUS.checkFailure, failedChecks });
    }
    case "invalid":
      throw refusal(outcome.reason);
    case "full":
      return answer({ status: WRITE_STATUS.disabled });
    case "maybe":
      // Clients repeat what a status of 500 answers, and this write must not be repeated.
      return answer({ status: WRITE_STATUS.unspecified });
    case "unavailable":
      throw unavailable("No leader accepted the write in time; nothing was changed");
    case "refused":
    case "compacted":
    case "future":
      throw unavailable("The nodes do not know this operation yet: upgrade all of them");
    default:
      return outcome satisfies never;
  }
}

function answer(output: Partial<MessageOf<typeof AtomicWriteOutput>>): ProtoWriter {
  return AtomicWriteOutput.encode(output);
}

function checkOf(key: string, stamp: Uint8Array): Check {
  if (stamp.length === 0) return { key, absent: true };
  if (stamp.length !== STAMP_BYTES) {
    throw refusal(`Wanted a versionstamp of ${STAMP_BYTES} bytes, got ${stamp.length}`);
  }
  return { key, revision: revisionOf(stamp) ?? NEVER };
}

function operationOf(mutation: MutationMessage, database: Database): Operation {
  const name = database.key(checkedKey(mutation.key, CONNECT_LIMITS.writeKeyBytes));
  const expires = expiryOf(mutation.expireAtMs);
  switch (mutation.mutationType) {
    case MUTATION.set:
      return { op: "put", key: name, value: valueOf(mutation), ...expires };
    case MUTATION.delete:
      return { op: "delete", key: name };
    case MUTATION.sum:
      return calculation("sum", name, mutation);
    case MUTATION.min:
      return calculation("min", name, mutation);
    case MUTATION.max:
      return calculation("max", name, mutation);
    case MUTATION.setSuffixVersionstampedKey: {
      const stamped = { prefix: name + STAMP_BEFORE, suffix: STAMP_AFTER };
      return { op: "putStamped", ...stamped, value: valueOf(mutation), ...expires };
    }
    default:
      throw refusal(`Wanted a known kind of mutation, got ${mutation.mutationType}`);
  }
}

function calculation(
  how: "sum" | "min" | "max",
  key: string,
  mutation: MutationMessage,
): Operation {
  const operand = valueOf(mutation);
  // Only numbers that V8 serialized have bounds.
  const isBounded = how === "sum" && operand[0] === ENCODING.v8;
  const { sumMin, sumMax, sumClamp } = mutation;
  const bounds = isBounded
    ? { lowest: sumMin, highest: sumMax, clamp: sumClamp }
    : { lowest: NOTHING, highest: NOTHING, clamp: false };
  return { op: "calculate", key, how, operand, ...bounds };
}

function valueOf({ value }: MutationMessage): Uint8Array {
  if (value === null) throw refusal("Wanted a value with the mutation, got none");
  return storedValue(value);
}

/** No field for a key that never ends, so that such writes are the same as ever. */
function expiryOf(ms: bigint): { readonly expires?: number } {
  if (ms === 0n || ms === -1n) return {};
  const expires = Number(ms);
  if (expires > 0 && Number.isSafeInteger(expires)) return { expires };
  throw refusal(`Wanted a time of expiry after 1970, got ${ms} ms`);
}

/** A message is a key: by the time it is due, then in the order of writing. */
function enqueueOf(
  message: Message,
  { database, place }: { readonly database: Database; readonly place: number },
): Operation {
  const { payload, deadlineMs, keysIfUndelivered, backoffSchedule } = message;
  if (payload.length > CONNECT_LIMITS.valueBytes) throw tooLong("payload", payload.length);
  for (const key of keysIfUndelivered) checkedKey(key, CONNECT_LIMITS.writeKeyBytes);
  const longest = Math.max(0, ...backoffSchedule);
  if (longest > CONNECT_LIMITS.backoffMs) {
    throw refusal(`Wanted a backoff of at most ${CONNECT_LIMITS.backoffMs} ms, got ${longest}`);
  }
  if (deadlineMs < 0n) throw refusal(`Wanted a time of delivery after 1970, got ${deadlineMs} ms`);
  const due = deadlineMs.toString(16).padStart(16, "0");
  return {
    op: "putStamped",
    prefix: `${database.queue}${due}/`,
    suffix: `/${`${place}`.padStart(4, "0")}`,
    value: Enqueue.encode(message).joined(),
  };
}

function checkedKey(key: Uint8Array, max: number): Uint8Array {
  if (key.length === 0) throw refusal("Wanted a key of at least 1 byte, got none");
  if (key.length > max) throw refusal(`Wanted a key of at most ${max} bytes, got ${key.length}`);
  return key;
}

function tooLong(what: string, bytes: number): ConnectRefusal {
  return refusal(`Wanted a ${what} of at most ${CONNECT_LIMITS.valueBytes} bytes, got ${bytes}`);
}

function sizeOf({ checks, mutations, enqueues }: Write): number {
  let bytes = 0;
  for (const { key } of checks) bytes += key.length;
  for (const { key, value } of mutations) bytes += key.length + (value?.data.length ?? 0);
  for (const { payload, keysIfUndelivered } of enqueues) {
    bytes += payload.length;
    for (const key of keysIfUndelivered) bytes += key.length;
  }
  return bytes;
}
