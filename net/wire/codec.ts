/**
 * What can travel, and MessagePack bytes back to it. It knows nothing of what values mean: the
 * folder that owns a message checks that a decoded value is one. The way out is `encoder.ts`.
 *
 * The decoder is `@std/msgpack`'s, behind a scan that refuses what must not reach it.
 *
 * Invariants: `decode(encode(value))` equals `value`; bytes from outside are scanned once, in order
 * and without setting memory aside, before anything is built of them.
 *
 * @module
 */

import { decode as decodeUnchecked } from "@std/msgpack";

/** What can travel: no `undefined`, no holes, no classes. A missing value is `null`. */
export type WireValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly WireValue[]
  | { readonly [key: string]: WireValue };

/** The same fields as an interface has, as a type that a {@linkcode WireValue} can hold. */
export type Plain<T> = T extends Exclude<WireValue, object> | Uint8Array ? T
  : { readonly [Key in keyof T]: Plain<T[Key]> };

/** How deep arrays and objects may nest, on the way out as on the way in. */
export const DEPTH_MAX = 64;

/** How many elements and fields one decoded value may hold in all. */
export const ITEMS_MAX = 2 ** 20;

const PROTO_KEY = new TextEncoder().encode("__proto__");

/**
 * The value that the bytes stand for. Binary data in it is a view of `bytes`.
 *
 * @throws {SyntaxError} If the bytes are not exactly one value of the kinds in
 * {@linkcode WireValue}, or go beyond {@linkcode DEPTH_MAX} or {@linkcode ITEMS_MAX}.
 */
export function decode(bytes: Uint8Array): WireValue {
  new Scan(bytes).all();
  return decodeUnchecked(bytes);
}

/** One pass over bytes from outside, before anything is built of them. */
class Scan {
  readonly #bytes: Uint8Array;
  #at = 0;
  #itemsLeft = ITEMS_MAX;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  all(): void {
    this.#value(DEPTH_MAX);
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw this.#refusal("the end", `${left} bytes more`);
  }

  #value(depthLeft: number): void {
    const type = this.#uint(1);
    if (type < 0x80 || type >= 0xe0) return;
    if (type < 0x90) return this.#map(type & 0x0f, depthLeft);
    if (type < 0xa0) return this.#array(type & 0x0f, depthLeft);
    if (type < 0xc0) return this.#skip(type & 0x1f);
    switch (type) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return;
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xca:
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcb:
      case 0xcf:
      case 0xd3:
        return this.#skip(8);
      case 0xc4:
      case 0xd9:
        return this.#skip(this.#uint(1));
      case 0xc5:
      case 0xda:
        return this.#skip(this.#uint(2));
      case 0xc6:
      case 0xdb:
        return this.#skip(this.#uint(4));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(type === 0xdc ? 2 : 4), depthLeft);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(type === 0xde ? 2 : 4), depthLeft);
      default:
        throw this.#refusal("a plain value", `type 0x${type.toString(16)}`);
    }
  }

  #skip(length: number): void {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw this.#refusal(`${length} bytes`, `${left}`);
    this.#at += length;
  }

  #uint(size: 1 | 2 | 4): number {
    const from = this.#at;
    this.#skip(size);
    let value = 0;
    for (let i = from; i < from + size; i++) value = value * 256 + this.#bytes[i]!;
    return value;
  }

  #array(count: number, depthLeft: number): void {
    this.#enter(count, depthLeft);
    for (let i = 0; i < count; i++) this.#value(depthLeft - 1);
  }

  #map(count: number, depthLeft: number): void {
    this.#enter(count, depthLeft);
    for (let i = 0; i < count; i++) {
      this.#key();
      this.#value(depthLeft - 1);
    }
  }

  /** A few bytes must not become a mountain of objects, nor a deep one. */
  #enter(count: number, depthLeft: number): void {
    if (depthLeft === 0) throw this.#refusal(`at most ${DEPTH_MAX} levels`, "more");
    this.#itemsLeft -= count;
    if (this.#itemsLeft < 0) throw this.#refusal(`at most ${ITEMS_MAX} items`, "more");
  }

  /** Keys are strings, and none may reach the prototype of the object that is built. */
  #key(): void {
    const type = this.#bytes[this.#at] ?? 0;
    const isString = (type >= 0xa0 && type < 0xc0) || (type >= 0xd9 && type <= 0xdb);
    if (!isString) throw this.#refusal("a string for a key", `type 0x${type.toString(16)}`);
    const head = [2, 3, 5][type - 0xd9] ?? 1;
    const from = this.#at + head;
    this.#value(0);
    if (
      this.#at - from === PROTO_KEY.length && PROTO_KEY.every((b, i) => this.#bytes[from + i] === b)
    ) {
      throw this.#refusal("a key of the object itself", "__proto__");
    }
  }

  #refusal(wanted: string, got: string): SyntaxError {
    return new SyntaxError(`Cannot decode value: wanted ${wanted} at byte ${this.#at}, got ${got}`);
  }
}
