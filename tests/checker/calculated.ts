/**
 * The model of the operation `calculate`, in which V8 itself reads and writes the numbers.
 *
 * @module
 */

import { deserialize, serialize } from "node:v8";
import type { OperationOf } from "../../kv/mod.ts";

const V8 = 1;
const U64 = 2;

/** A number with the encoding it was read from. */
interface Read {
  readonly encoding: number;
  readonly number: number | bigint;
}

/** The new value of a key, or that the batch cannot be executed. */
export function calculated(
  before: Uint8Array | null,
  { how, operand, lowest, highest, clamp }: OperationOf<"calculate">,
): Uint8Array | "invalid" {
  const given = read(operand);
  const now = before === null ? null : read(before);
  const bounds = [lowest, highest].map((bound) => {
    return bound.length === 0 ? null : read(Uint8Array.of(V8, ...bound));
  });
  if (given === undefined || now === undefined) return "invalid";
  if (how !== "sum") {
    if (given.encoding !== U64 || now !== null && now.encoding !== U64) return "invalid";
    const isNew = now === null || (how === "min") === (given.number < now.number);
    return written(isNew ? given : now);
  }
  for (const bound of bounds) {
    if (bound === undefined || bound !== null && !isAlike(bound, given)) return "invalid";
  }
  if (now?.encoding === U64) {
    const isPlain = bounds.every((bound) => bound === null) && !clamp;
    const isWide = typeof given.number === "bigint" && BigInt.asUintN(64, given.number) !==
        given.number;
    if (typeof given.number === "number" || given.encoding === V8 && (!isPlain || isWide)) {
      return "invalid";
    }
    const number = BigInt.asUintN(64, (now.number as bigint) + given.number);
    return written({ encoding: U64, number });
  }
  if (now !== null && !isAlike(now, given)) return "invalid";
  // Both are numbers, or both are big integers.
  let number = now === null ? given.number : (now.number as number) + (given.number as number);
  const [low, high] = bounds.map((bound) => bound?.number);
  if (low !== undefined && number < low) {
    if (!clamp) return "invalid";
    number = low;
  } else if (high !== undefined && number > high) {
    if (!clamp) return "invalid";
    number = high;
  }
  return written({ encoding: given.encoding, number });
}

function isAlike(one: Read, other: Read): boolean {
  return one.encoding === other.encoding && typeof one.number === typeof other.number;
}

/** `undefined`: no number. */
function read(value: Uint8Array): Read | undefined {
  const [encoding] = value;
  const data = value.slice(1);
  if (encoding === U64 && data.length === 8) {
    return { encoding, number: new DataView(data.buffer).getBigUint64(0, true) };
  }
  if (encoding !== V8) return undefined;
  try {
    const number: unknown = deserialize(data);
    const isNumber = typeof number === "number" || typeof number === "bigint";
    return isNumber ? { encoding, number } : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function written({ encoding, number }: Read): Uint8Array {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  if (encoding === U64) {
    view.setBigUint64(1, number as bigint, true);
    bytes[0] = U64;
    return bytes;
  }
  if (typeof number === "bigint") return Uint8Array.of(V8, ...serialize(number));
  // V8 writes small whole numbers in another form; the store writes all of them alike.
  view.setFloat64(1, number, true);
  return Uint8Array.of(V8, 0xff, 15, 0x4e, ...bytes.subarray(1));
}
