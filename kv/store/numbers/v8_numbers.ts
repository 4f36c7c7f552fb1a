/**
 * Numbers in the encodings of KV Connect: 64 bits little endian, and V8's serialized numbers and big
 * integers. The first byte of a stored value says which encoding follows.
 *
 * Invariant: the bytes that {@linkcode encodeAmount} makes are the same on every machine, since they
 * become part of the state.
 *
 * @module
 */

import { viewOf } from "../../command/mod.ts";

/** The first byte of a stored value: how the bytes after it are to be read. */
export const ENCODINGS = { v8: 1, le64: 2, bytes: 3 } as const;

/** A number with its type; numbers of different types are not added. */
export type Amount =
  | { readonly type: "KvU64"; readonly number: bigint }
  | { readonly type: "BigInt"; readonly number: bigint }
  | { readonly type: "Number"; readonly number: number };

const HEAD = 0xff;
/** The version that is written: every client reads it. */
const VERSION = 15;
/** Later versions would take more than one byte. */
const VERSION_MAX = 0x7f;
const TAGS = { int: 0x49, uint: 0x55, double: 0x4e, bigint: 0x5a } as const;

const U64_BYTES = 8;
/** V8 writes big integers in digits of 64 bits. */
const DIGIT_BYTES = 8;
const HEX_DIGITS = 2;

/** The number of a stored value; `null`: it holds something else. */
export function decodeAmount(value: Uint8Array): Amount | null {
  const [encoding] = value;
  const data = value.subarray(1);
  if (encoding === ENCODINGS.v8) return decodeV8(data);
  if (encoding !== ENCODINGS.le64 || data.length !== U64_BYTES) return null;
  return { type: "KvU64", number: viewOf(data).getBigUint64(0, true) };
}

/**
 * The number in bytes that V8 serialized; `null`: they hold something else. Every version of V8's
 * format writes numbers alike, and clients of the newest Deno write a later one than ours.
 */
export function decodeV8(data: Uint8Array): Amount | null {
  if (data[0] !== HEAD || data[1] === undefined || data[1] > VERSION_MAX) return null;
  const content = data.subarray(3);
  switch (data[2]) {
    case TAGS.double:
      return content.length === 8 ? number(viewOf(content).getFloat64(0, true)) : null;
    case TAGS.int: {
      const found = varint(content);
      if (found === null || found.length !== content.length) return null;
      return number((found.value >>> 1) ^ -(found.value & 1));
    }
    case TAGS.uint: {
      const found = varint(content);
      return found?.length === content.length ? number(found.value) : null;
    }
    case TAGS.bigint:
      return decodeBigInt(content);
    default:
      return null;
  }
}

/** A stored value that holds the number. */
export function encodeAmount(amount: Amount): Uint8Array {
  switch (amount.type) {
    case "KvU64": {
      const bytes = new Uint8Array(1 + U64_BYTES);
      bytes[0] = ENCODINGS.le64;
      viewOf(bytes).setBigUint64(1, amount.number, true);
      return bytes;
    }
    case "Number": {
      const bytes = new Uint8Array(4 + 8);
      bytes.set([ENCODINGS.v8, HEAD, VERSION, TAGS.double]);
      // Processors differ in the bits of NaN, so these are written by hand.
      if (Number.isNaN(amount.number)) bytes.set([0xf8, 0x7f], 10);
      else viewOf(bytes).setFloat64(4, amount.number, true);
      return bytes;
    }
    case "BigInt":
      return encodeBigInt(amount.number);
    default:
      return amount satisfies never;
  }
}

function number(value: number): Amount {
  return { type: "Number", number: value };
}

function encodeBigInt(value: bigint): Uint8Array {
  const isNegative = value < 0n;
  const hex = value === 0n ? "" : (isNegative ? -value : value).toString(16);
  const digits = Math.ceil(hex.length / (DIGIT_BYTES * HEX_DIGITS));
  const count = digits * DIGIT_BYTES;
  const head = [ENCODINGS.v8, HEAD, VERSION, TAGS.bigint];
  // The lowest bit is the sign, the others are the number of bytes.
  for (let rest = count * 2 + (isNegative ? 1 : 0);; rest >>>= 7) {
    head.push(rest > 0x7f ? rest & 0x7f | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  const bytes = new Uint8Array(head.length + count);
  bytes.set(head);
  const padded = hex.padStart(count * HEX_DIGITS, "0");
  for (let at = 0; at < count; at++) {
    const from = (count - 1 - at) * HEX_DIGITS;
    bytes[head.length + at] = parseInt(padded.slice(from, from + HEX_DIGITS), 16);
  }
  return bytes;
}

function decodeBigInt(content: Uint8Array): Amount | null {
  const head = varint(content);
  if (head === null || content.length !== head.length + (head.value >>> 1)) return null;
  // V8 knows no negative zero of this type.
  if (head.value === 1) return null;
  const digits = content.subarray(head.length);
  const hex: string[] = [];
  for (const byte of digits) hex.push(byte.toString(16).padStart(HEX_DIGITS, "0"));
  const value = digits.length === 0 ? 0n : BigInt(`0x${hex.reverse().join("")}`);
  return { type: "BigInt", number: (head.value & 1) === 1 ? -value : value };
}

/** A number of 32 bits, seven bits a byte, lowest first. */
function varint(bytes: Uint8Array): { readonly value: number; readonly length: number } | null {
  let value = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined || at === 4 && byte > 0x0f) return null;
    value = (value | (byte & 0x7f) << (at * 7)) >>> 0;
    if (byte < 0x80) return { value, length: at + 1 };
  }
  return null;
}
