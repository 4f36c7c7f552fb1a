/**
 * MessagePack bytes to values, as `@std/msgpack` reads them: 64-bit integers become bigints, binary
 * data is a view of the input, extension types are refused, and so are missing or trailing bytes.
 *
 * @module
 */

import type { ValueMap, ValueType } from "./encode.ts";

const text = new TextDecoder();

/** The value the bytes stand for. */
export function decode(data: Uint8Array): ValueType {
  const reader = new Reader(data);
  const value = reader.value();
  if (reader.at < data.length) {
    throw new EvalError("Messagepack decode did not consume whole array");
  }
  return value;
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): ValueType {
    const type = this.#view.getUint8(this.#take(1));
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return this.#map(type & 0x0f);
    if (type <= 0x9f) return this.#array(type & 0x0f);
    if (type <= 0xbf) return this.#string(type & 0x1f);
    if (type >= 0xe0) return type - 256;
    return this.#sized(type);
  }

  #sized(type: number): ValueType {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#slice(this.#length(type - 0xc4));
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#length(type - 0xcc);
      case 0xcf:
        return this.#view.getBigUint64(this.#take(8));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return this.#view.getBigInt64(this.#take(8));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#length(type - 0xd9));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#length(type - 0xdb));
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(type - 0xdd));
      case 0xc1:
        throw new Error("Messagepack decode encountered a type that is never used");
      default:
        throw new Error("Cannot decode a slice: extension types not implemented yet");
    }
  }

  /** An unsigned number of 8, 16 or 32 bits. */
  #length(size: number): number {
    if (size === 0) return this.#view.getUint8(this.#take(1));
    if (size === 1) return this.#view.getUint16(this.#take(2));
    return this.#view.getUint32(this.#take(4));
  }

  #take(size: number): number {
    const from = this.at;
    if (from + size > this.#bytes.length) {
      throw new EvalError("Messagepack decode reached end of array prematurely");
    }
    this.at += size;
    return from;
  }

  #slice(size: number): Uint8Array {
    const from = this.#take(size);
    return this.#bytes.subarray(from, from + size);
  }

  #string(size: number): string {
    return text.decode(this.#slice(size));
  }

  #array(size: number): ValueType[] {
    const array: ValueType[] = [];
    for (let i = 0; i < size; i++) array.push(this.value());
    return array;
  }

  #map(size: number): ValueMap {
    const map: ValueMap = {};
    for (let i = 0; i < size; i++) {
      const key = this.value();
      const value = this.value();
      if (typeof key !== "number" && typeof key !== "string") {
        throw new EvalError(
          "Cannot decode a key of a map: The type of key is invalid, keys must be a number or a string",
        );
      }
      map[key] = value;
    }
    return map;
  }
}
