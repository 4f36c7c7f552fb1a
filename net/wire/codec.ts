/**
 * The values that can travel, and their decoding from MessagePack. It knows nothing of their
 * meaning: the folder that owns a message checks its decoded value. `encoder.ts` encodes.
 *
 * Invariants: `decode(encode(value))` equals `value`; bytes from outside are read once, and every
 * limit is checked before memory is allocated for what they announce.
 *
 * @module
 */

/** A value that can travel: no `undefined`, no holes, no classes. A missing value is `null`. */
export type WireValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

/** An interface as a type that a {@linkcode WireValue} can hold. */
export type Plain<T> = T extends Exclude<WireValue, object> | Uint8Array ? T
  : { readonly [Key in keyof T]: Plain<T[Key]> };

/** The depth to which arrays and objects may nest, encoded or decoded. */
export const DEPTH_MAX = 64;

/** The number of elements and fields that one decoded value may hold. */
export const ITEMS_MAX = 2 ** 20;

/**
 * The value that the bytes stand for. Binary data in it is a view of `bytes`. Integers of 64 bits
 * are numbers, too: encoders of other languages use that size for small ones.
 *
 * @throws {SyntaxError} If the bytes are not exactly one value of the kinds in
 * {@linkcode WireValue}, or go beyond {@linkcode DEPTH_MAX} or {@linkcode ITEMS_MAX}, or an integer
 * is beyond 2^53 - 1.
 */
export function decode(bytes: Uint8Array): WireValue {
  return decoder.decode(bytes);
}

const EMPTY = new Uint8Array(0);
const text = new TextDecoder("utf-8", { ignoreBOM: true });
/** Below this length a loop over ASCII is faster than a call into the runtime. */
const SHORT_LENGTH = 16;

/**
 * One pass over bytes. It calls no code outside, so a single instance can be used again and again.
 */
class Decoder {
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #itemsLeft = 0;
  /** Reads the numbers that a plain loop cannot. */
  readonly #scratch = new DataView(new ArrayBuffer(8));

  decode(bytes: Uint8Array): WireValue {
    this.#bytes = bytes;
    this.#at = 0;
    this.#itemsLeft = ITEMS_MAX;
    try {
      const value = this.#value(DEPTH_MAX);
      const left = bytes.length - this.#at;
      if (left > 0) throw this.#refusal("the end", `${left} bytes more`);
      return value;
    } finally {
      this.#bytes = EMPTY;
    }
  }

  #value(depthLeft: number): WireValue {
    const type = this.#uint(1);
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type < 0x90) return this.#map(type & 0x0f, depthLeft);
    if (type < 0xa0) return this.#array(type & 0x0f, depthLeft);
    if (type < 0xc0) return this.#string(type & 0x1f);
    return this.#sized(type, depthLeft);
  }

  #sized(type: number, depthLeft: number): WireValue {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#uint(1));
      case 0xc5:
        return this.#binary(this.#uint(2));
      case 0xc6:
        return this.#binary(this.#uint(4));
      case 0xca:
        return this.#float(4);
      case 0xcb:
        return this.#float(8);
      case 0xcc:
        return this.#uint(1);
      case 0xcd:
        return this.#uint(2);
      case 0xce:
        return this.#uint(4);
      case 0xcf:
        return this.#long(this.#uint(4));
      case 0xd0:
        return this.#uint(1) << 24 >> 24;
      case 0xd1:
        return this.#uint(2) << 16 >> 16;
      case 0xd2:
        return this.#uint(4) | 0;
      case 0xd3:
        return this.#long(this.#uint(4) | 0);
      case 0xd9:
        return this.#string(this.#uint(1));
      case 0xda:
        return this.#string(this.#uint(2));
      case 0xdb:
        return this.#string(this.#uint(4));
      case 0xdc:
        return this.#array(this.#uint(2), depthLeft);
      case 0xdd:
        return this.#array(this.#uint(4), depthLeft);
      case 0xde:
        return this.#map(this.#uint(2), depthLeft);
      case 0xdf:
        return this.#map(this.#uint(4), depthLeft);
      default:
        throw this.#refusal("a plain value", `type 0x${type.toString(16)}`);
    }
  }

  /** Skips bytes and returns the index of the first. */
  #take(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) throw this.#refusal(`${length} bytes`, `${left}`);
    this.#at = at + length;
    return at;
  }

  #uint(size: 1 | 2 | 4): number {
    const at = this.#take(size);
    const bytes = this.#bytes;
    let value = bytes[at]!;
    for (let i = 1; i < size; i++) value = value * 256 + bytes[at + i]!;
    return value;
  }

  /** An integer of 64 bits whose upper half has been read, with its sign. */
  #long(upper: number): number {
    const value = upper * 0x1_0000_0000 + this.#uint(4);
    if (Number.isSafeInteger(value)) return value;
    throw this.#refusal("a whole number up to 2^53 - 1", `about ${value}`);
  }

  #float(size: 4 | 8): number {
    const at = this.#take(size);
    for (let i = 0; i < size; i++) this.#scratch.setUint8(i, this.#bytes[at + i]!);
    return size === 4 ? this.#scratch.getFloat32(0) : this.#scratch.getFloat64(0);
  }

  #binary(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #string(length: number): string {
    const at = this.#take(length);
    const bytes = this.#bytes;
    if (length <= SHORT_LENGTH) {
      let value = "";
      for (let i = at; i < at + length; i++) {
        const unit = bytes[i]!;
        if (unit >= 0x80) return text.decode(bytes.subarray(at, at + length));
        value += String.fromCharCode(unit);
      }
      return value;
    }
    return text.decode(bytes.subarray(at, at + length));
  }

  #array(count: number, depthLeft: number): readonly WireValue[] {
    this.#enter(count, depthLeft);
    const values = new Array<WireValue>(count);
    for (let i = 0; i < count; i++) values[i] = this.#value(depthLeft - 1);
    return values;
  }

  #map(count: number, depthLeft: number): { readonly [key: string]: WireValue } {
    this.#enter(count, depthLeft);
    const fields: { [key: string]: WireValue } = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      fields[key] = this.#value(depthLeft - 1);
    }
    return fields;
  }

  /** Refuses a few bytes that would become very many objects, or a very deep one. */
  #enter(count: number, depthLeft: number): void {
    if (depthLeft === 0) throw this.#refusal(`at most ${DEPTH_MAX} levels`, "more");
    this.#itemsLeft -= count;
    if (this.#itemsLeft < 0) throw this.#refusal(`at most ${ITEMS_MAX} items`, "more");
    const left = this.#bytes.length - this.#at;
    if (count > left) throw this.#refusal(`${count} items`, `${left} bytes`);
  }

  /** The key of an object: a string, and none that reaches the object's prototype. */
  #key(): string {
    const type = this.#bytes[this.#at] ?? 0;
    const isString = (type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb);
    if (!isString) throw this.#refusal("a string for a key", `type 0x${type.toString(16)}`);
    const key = this.#value(0);
    if (typeof key === "string" && key !== "__proto__") return key;
    throw this.#refusal("a key of the object itself", "__proto__");
  }

  #refusal(wanted: string, got: string): SyntaxError {
    return new SyntaxError(`Cannot decode value: wanted ${wanted} at byte ${this.#at}, got ${got}`);
  }
}

const decoder = new Decoder();
