/**
 * Encodes plain values as MessagePack. It replaces `@std/msgpack` because every message passes
 * here: it writes into one buffer that grows and is reused. Its test compares its bytes with those
 * of std.
 *
 * Invariants: a refused value leaves no byte behind; no value nests deeper than {@linkcode
 * DEPTH_MAX}, not even one that contains itself.
 *
 * @module
 */

import { DEPTH_MAX, type WireValue } from "./codec.ts";

const text = new TextEncoder();
const EMPTY = new Uint8Array(0);

/** A buffer up to this size is kept for reuse; a larger one is freed. */
const KEPT_BYTES_MAX = 64 * 1024;

/** Below this length a loop is faster than a call into the runtime. */
const SHORT_LENGTH = 24;

/** A buffer of bytes that grows, into which a connection encodes. */
export class Encoder {
  #bytes: Uint8Array = EMPTY;
  #view: DataView = new DataView(EMPTY.buffer);
  #length = 0;

  /** The number of bytes in it. */
  get length(): number {
    return this.#length;
  }

  /** The bytes in it: a view that is valid until the next change. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Drops everything beyond this length. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Empties it, and frees a large buffer. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#replace(EMPTY);
  }

  /** Appends an unsigned 32-bit number, big endian. */
  appendUint32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  /** Overwrites four bytes that are already there. */
  setUint32(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  /**
   * Appends the bytes of a value.
   *
   * @throws {TypeError} If something in it has no form on the wire, such as `undefined`.
   * @throws {RangeError} If it nests too deep.
   */
  append(value: WireValue): void {
    const before = this.#length;
    try {
      this.#value(value, DEPTH_MAX);
    } catch (error) {
      this.#length = before;
      throw error;
    }
  }

  /** Makes room, and returns the index of its first byte. */
  #grow(length: number): number {
    const at = this.#length;
    const wanted = at + length;
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2, 256));
      larger.set(this.bytes());
      this.#replace(larger);
    }
    this.#length = wanted;
    return at;
  }

  #replace(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  #byte(value: number): void {
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  #value(value: WireValue, depthLeft: number): void {
    switch (typeof value) {
      case "number":
        return this.#number(value);
      case "string":
        return this.#string(value);
      case "boolean":
        return this.#byte(value ? 0xc3 : 0xc2);
      case "object":
        if (value === null) return this.#byte(0xc0);
        if (value instanceof Uint8Array) return this.#binary(value);
        if (depthLeft === 0) {
          throw new RangeError(`Cannot encode value: wanted at most ${DEPTH_MAX} levels, got more`);
        }
        if (isArray(value)) return this.#array(value, depthLeft - 1);
        return this.#map(value, depthLeft - 1);
      default:
        throw new TypeError(`Cannot encode value: wanted a plain value, got ${typeof value}`);
    }
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || value >= 0x1_0000_0000 || value < -0x8000_0000) {
      const at = this.#grow(9);
      this.#bytes[at] = 0xcb;
      this.#view.setFloat64(at + 1, value);
    } else if (value >= 0) {
      if (value < 0x80) this.#byte(value);
      else this.#unsigned(value, 0xcc);
    } else if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#unsigned(value & 0xff, 0xd0);
    else if (value >= -0x8000) this.#sized(value, 2, 0xd1);
    else this.#sized(value, 4, 0xd2);
  }

  /** A number in the least of 1, 2 or 4 bytes; the three types follow each other. */
  #unsigned(value: number, type: number): void {
    if (value < 0x100) {
      const at = this.#grow(2);
      this.#bytes[at] = type;
      this.#bytes[at + 1] = value;
    } else if (value < 0x1_0000) this.#sized(value, 2, type + 1);
    else if (value < 0x1_0000_0000) this.#sized(value, 4, type + 2);
    else throw new RangeError(`Cannot encode value: wanted a length of 32 bits, got ${value}`);
  }

  #sized(value: number, size: 2 | 4, type: number): void {
    const at = this.#grow(1 + size);
    this.#bytes[at] = type;
    if (size === 2) this.#view.setUint16(at + 1, value);
    else this.#view.setUint32(at + 1, value);
  }

  #string(value: string): void {
    if (value.length < SHORT_LENGTH && this.#shortAscii(value)) return;
    const before = this.#length;
    // Three bytes for each UTF-16 unit is the worst case; the head's size follows from the result.
    const start = this.#grow(5 + value.length * 3) + 5;
    const { written } = text.encodeInto(value, this.#bytes.subarray(start));
    this.#length = before;
    if (written < 32) this.#byte(0xa0 | written);
    else this.#unsigned(written, 0xd9);
    const at = this.#grow(written);
    this.#bytes.copyWithin(at, start, start + written);
  }

  /** Writes the string if it is ASCII; if not, writes nothing. */
  #shortAscii(value: string): boolean {
    const at = this.#grow(1 + value.length);
    const bytes = this.#bytes;
    bytes[at] = 0xa0 | value.length;
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#length = at;
        return false;
      }
      bytes[at + 1 + i] = unit;
    }
    return true;
  }

  #binary(value: Uint8Array): void {
    this.#unsigned(value.length, 0xc4);
    const at = this.#grow(value.length);
    if (value.length >= SHORT_LENGTH) this.#bytes.set(value, at);
    else for (let i = 0; i < value.length; i++) this.#bytes[at + i] = value[i]!;
  }

  #array(value: readonly WireValue[], depthLeft: number): void {
    this.#collection(value.length, 0x90, 0xdc);
    for (let i = 0; i < value.length; i++) this.#value(value[i]!, depthLeft);
  }

  #map(value: { readonly [key: string]: WireValue }, depthLeft: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      throw new TypeError("Cannot encode value: wanted a plain object, got an instance of a class");
    }
    const keys = Object.keys(value);
    this.#collection(keys.length, 0x80, 0xde);
    for (const key of keys) {
      this.#string(key);
      this.#value(value[key]!, depthLeft);
    }
  }

  #collection(length: number, shortType: number, type: number): void {
    if (length < 16) this.#byte(shortType | length);
    else if (length < 0x1_0000) this.#sized(length, 2, type);
    else this.#sized(length, 4, type + 1);
  }
}

/** `Array.isArray` does not tell a readonly array from the other objects. */
function isArray(value: object): value is readonly WireValue[] {
  return Array.isArray(value);
}

/** The bytes of one value, for callers without an {@linkcode Encoder}. */
export function encode(value: WireValue): Uint8Array {
  const encoder = new Encoder();
  encoder.append(value);
  return encoder.bytes();
}
