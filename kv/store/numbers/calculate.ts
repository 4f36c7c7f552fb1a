/**
 * Sums, minima and maxima of values in the encodings of KV Connect. They are computed where the log is
 * applied, so that concurrent sums of one key never fail or repeat.
 *
 * @module
 */

import { type OperationOf, VALUE_BYTES_MAX } from "../../command/mod.ts";
import { type Amount, decodeAmount, decodeV8, encodeAmount, ENCODINGS } from "./v8_numbers.ts";

const LAST_U64 = 2n ** 64n - 1n;

/** Bounds of the type of the operand. */
interface Bounds {
  readonly lowest: Amount | null;
  readonly highest: Amount | null;
  readonly clamp: boolean;
}

/**
 * The new value of a key that holds this one, or, as text, why there is none. Clients of KV Connect
 * look for these words.
 */
export function calculate(
  before: Uint8Array | null,
  operation: OperationOf<"calculate">,
): Uint8Array | string {
  const { how } = operation;
  const found = how === "sum" ? sum(before, operation) : extreme(before, operation);
  if (typeof found === "string") return found;
  const bytes = encodeAmount(found);
  if (bytes.length <= VALUE_BYTES_MAX) return bytes;
  return `Cannot ${how}: wanted a number of at most ${VALUE_BYTES_MAX} bytes, got ${bytes.length}`;
}

/** The lower or the higher number, of 64 bits both. */
function extreme(
  before: Uint8Array | null,
  { how, operand }: OperationOf<"calculate">,
): Amount | string {
  const given = decodeAmount(operand);
  const now = before === null ? given : decodeAmount(before);
  if (given?.type !== "KvU64") {
    return `Failed to perform '${how}' mutation on a non-U64 operand`;
  }
  if (now?.type !== "KvU64") {
    return `Failed to perform '${how}' mutation on a non-U64 value in the database`;
  }
  const isNew = how === "min" ? given.number < now.number : given.number > now.number;
  return isNew ? given : now;
}

function sum(before: Uint8Array | null, operation: OperationOf<"calculate">): Amount | string {
  const { operand, clamp } = operation;
  const given = decodeAmount(operand);
  const lowest = bound(operation.lowest);
  const highest = bound(operation.highest);
  if (given === null || lowest === "none" || highest === "none") {
    return "Cannot sum: wanted an operand and bounds that are numbers, got an unsupported value type";
  }
  const isOther = (limit: Amount | null): boolean => limit !== null && limit.type !== given.type;
  if (isOther(lowest) || isOther(highest)) {
    return "Cannot sum: wanted bounds of the same type as the operand";
  }
  const bounds = { lowest, highest, clamp };
  if (before === null) return bounded(given, bounds);
  const now = decodeAmount(before);
  const isU64 = operand[0] === ENCODINGS.le64;
  if (now === null || isU64 && now.type !== "KvU64") {
    return isU64
      ? "Failed to perform 'sum' mutation on a non-U64 value in the database"
      : "Cannot sum: the value in the database is of an unsupported value type";
  }
  if (now.type === "KvU64") return sumOfU64(now.number, given, bounds);
  if (now.type === "BigInt" && given.type === "BigInt") {
    return bounded({ type: "BigInt", number: now.number + given.number }, bounds);
  }
  if (now.type === "Number" && given.type === "Number") {
    return bounded({ type: "Number", number: now.number + given.number }, bounds);
  }
  return `Cannot sum ${now.type} with ${given.type}`;
}

/** Numbers of 64 bits wrap around. A big integer may be added to them if it fits and has no bounds. */
function sumOfU64(now: bigint, given: Amount, { lowest, highest, clamp }: Bounds): Amount | string {
  const isPlain = lowest === null && highest === null && !clamp;
  const isFitting = given.type === "BigInt" && isPlain && given.number >= 0n &&
    given.number <= LAST_U64;
  if (given.type !== "KvU64" && !isFitting) return `Cannot sum KvU64 with ${given.type}`;
  return { type: "KvU64", number: BigInt.asUintN(64, now + given.number) };
}

/** The result within its bounds. All three are of one type. */
function bounded(result: Amount, { lowest, highest, clamp }: Bounds): Amount | string {
  if (lowest !== null && result.number < lowest.number) {
    return clamp ? lowest : OUT_OF_RANGE;
  }
  if (highest !== null && result.number > highest.number) {
    return clamp ? highest : OUT_OF_RANGE;
  }
  return result;
}

const OUT_OF_RANGE = "The result of a Sum operation would exceed its range limit";

function bound(bytes: Uint8Array): Amount | "none" | null {
  return bytes.length === 0 ? null : decodeV8(bytes) ?? "none";
}
