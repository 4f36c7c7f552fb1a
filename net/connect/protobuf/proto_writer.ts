/**
 * Writes the parts that protocol buffers are made of. Long values become parts of their own, so that
 * a long answer is neither copied nor joined in one go.
 *
 * @module
 */

import { WIRES } from "./proto_reader.ts";

/** Values from this length on are not copied. */
const LONG_BYTES = 2048;
/** Most messages are short. */
const BLOCK_BYTES = { first: 128, further: 1024 };

/** Collects the bytes of one message. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #block = new Uint8Array(BLOCK_BYTES.first);
  /** The part of the block that is not in the parts yet. */
  #from = 0;
  #to = 0;
  #length = 0;

  /** The number of bytes that were written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes, to be joined in this order. */
  parts(): readonly Uint8Array<ArrayBuffer>[] {
    this.#cut();
    return this.#parts as Uint8Array<ArrayBuffer>[];
  }

  /** All bytes in one array. */
  joined(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.parts()) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** A field that is a number. */
  varint(number: number, value: bigint): void {
    this.#tag(number, WIRES.varint);
    this.plain(value);
  }

  /** A field that is bytes. */
  bytes(number: number, value: Uint8Array): void {
    this.#tag(number, WIRES.bytes);
    this.#short(value.length);
    this.#append(value);
  }

  /** A field that is a message. */
  message(number: number, inner: ProtoWriter): void {
    this.#tag(number, WIRES.bytes);
    this.#short(inner.length);
    for (const part of inner.parts()) this.#append(part);
  }

  /** A number without a field. */
  plain(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  #tag(number: number, wire: number): void {
    this.#short(number << 3 | wire);
  }

  #short(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#byte(rest & 0x7f | 0x80);
    this.#byte(rest);
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#block[this.#to++] = byte;
    this.#length++;
  }

  #append(value: Uint8Array): void {
    if (value.length >= LONG_BYTES) {
      this.#cut();
      this.#parts.push(value);
    } else {
      this.#reserve(value.length);
      this.#block.set(value, this.#to);
      this.#to += value.length;
    }
    this.#length += value.length;
  }

  #reserve(count: number): void {
    if (this.#to + count <= this.#block.length) return;
    this.#cut();
    this.#block = new Uint8Array(Math.max(BLOCK_BYTES.further, count));
    this.#from = this.#to = 0;
  }

  #cut(): void {
    if (this.#to > this.#from) this.#parts.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
