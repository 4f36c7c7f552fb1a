/**
 * Values to MessagePack bytes, as `@std/msgpack` writes them: a number that is no integer of 32
 * bits becomes a 64-bit float, a bigint always takes 64 bits, `undefined` is refused.
 *
 * @module
 */

/** What can be encoded. */
export type ValueType =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly ValueType[]
  | ValueMap;

/** An object of such values. */
export interface ValueMap {
  /** Value map entry */
  [index: string | number]: ValueType;
}

const text = new TextEncoder();

/** The bytes of a value. */
export function encode(object: ValueType): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(object, parts);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function write(value: ValueType, parts: Uint8Array[]): void {
  if (value === null) parts.push(Uint8Array.of(0xc0));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xc3 : 0xc2));
  else if (typeof value === "number") parts.push(numberBytes(value));
  else if (typeof value === "bigint") parts.push(bigintBytes(value));
  else if (typeof value === "string") {
    const bytes = text.encode(value);
    parts.push(
      bytes.length < 32
        ? Uint8Array.of(0xa0 | bytes.length)
        : head(bytes.length, [0xd9, 0xda, 0xdb]),
      bytes,
    );
  } else if (value instanceof Uint8Array) {
    parts.push(head(value.length, [0xc4, 0xc5, 0xc6]), value);
  } else if (Array.isArray(value)) {
    parts.push(
      value.length < 16
        ? Uint8Array.of(0x90 | value.length)
        : head(value.length, [null, 0xdc, 0xdd]),
    );
    for (const item of value) write(item, parts);
  } else writeMap(value as ValueMap, parts);
}

function writeMap(value: ValueMap, parts: Uint8Array[]): void {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    throw new Error("Cannot safely encode value into messagepack");
  }
  const entries = Object.entries(value);
  parts.push(
    entries.length < 16
      ? Uint8Array.of(0x80 | entries.length)
      : head(entries.length, [null, 0xde, 0xdf]),
  );
  for (const [key, item] of entries) {
    write(key, parts);
    write(item, parts);
  }
}

/** A type and a length in the shortest of 8, 16 or 32 bits. */
function head(length: number, types: readonly [number | null, number, number]): Uint8Array {
  const [type8, type16, type32] = types;
  if (type8 !== null && length < 2 ** 8) return Uint8Array.of(type8, length);
  if (length < 2 ** 16) return fixed(3, type16, (view) => view.setUint16(1, length));
  if (length < 2 ** 32) return fixed(5, type32, (view) => view.setUint32(1, length));
  throw new Error("Cannot safely encode value with size larger than 32 bits");
}

function numberBytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
    return fixed(9, 0xcb, (view) => view.setFloat64(1, value));
  }
  if (value < 0) {
    if (value >= -32) return Uint8Array.of(value);
    if (value >= -(2 ** 7)) return Uint8Array.of(0xd0, value);
    if (value >= -(2 ** 15)) return fixed(3, 0xd1, (view) => view.setInt16(1, value));
    return fixed(5, 0xd2, (view) => view.setInt32(1, value));
  }
  if (value < 2 ** 7) return Uint8Array.of(value);
  if (value < 2 ** 8) return Uint8Array.of(0xcc, value);
  if (value < 2 ** 16) return fixed(3, 0xcd, (view) => view.setUint16(1, value));
  return fixed(5, 0xce, (view) => view.setUint32(1, value));
}

function bigintBytes(value: bigint): Uint8Array {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new Error("Cannot safely encode bigint larger than 64 bits");
  }
  return value < 0n
    ? fixed(9, 0xd3, (view) => view.setBigInt64(1, value))
    : fixed(9, 0xcf, (view) => view.setBigUint64(1, value));
}

function fixed(length: number, type: number, fill: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  view.setUint8(0, type);
  fill(view);
  return new Uint8Array(view.buffer);
}
