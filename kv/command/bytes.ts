/**
 * Bytes of requests and replies: a writer that grows and a reader that never reads beyond its end.
 * Numbers are unsigned and big endian.
 *
 * @module
 */

import { keyOf } from "../tables/mod.ts";

/** The bytes end too early, or hold a value that no writer writes. */
export class MalformedBytes extends RangeError {
  override name = "MalformedBytes";
}

/** A key as a binary string: one character for each byte, so that `<` is the order of the bytes. */
export type Key = string;

/** Room for bytes, with a view of it. */
class Room {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

/**
 * Rooms of writers that have finished. A new room and its view for every short message would cost more
 * than all else.
 */
const rooms: Room[] = [];
const ROOMS_MAX = 8;
const ROOM_BYTES = 4096;

/** A room for pages of lists, which would outgrow several before; what is longer keeps its own. */
let longRoom: Room | null = null;
const LONG_ROOM_BYTES = 512 * 1024;

/** Room for so many bytes at least. */
function largerRoom(bytes: number): Room {
  if (bytes > LONG_ROOM_BYTES) return new Room(bytes);
  const room = longRoom ?? new Room(LONG_ROOM_BYTES);
  longRoom = null;
  return room;
}

/** A writer has left its room, unless that was made for its message alone. */
function giveBack(room: Room): void {
  const { length } = room.bytes;
  if (length === ROOM_BYTES && rooms.length < ROOMS_MAX) rooms.push(room);
  if (length === LONG_ROOM_BYTES) longRoom = room;
}

/** A writer that has finished has no room, so that it cannot write into that of another one. */
const NO_ROOM = new Room(0);

/** Collects bytes. */
export class Writer {
  #room = rooms.pop() ?? new Room(ROOM_BYTES);
  #length = 0;

  /** The number of bytes that were written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes. To be called once; nothing may be written after that. */
  finish(): Uint8Array {
    const { bytes } = this.#room;
    if (bytes.length > LONG_ROOM_BYTES) return bytes.subarray(0, this.#length);
    const copy = bytes.slice(0, this.#length);
    giveBack(this.#room);
    this.#room = NO_ROOM;
    return copy;
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#room.bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#room.view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#room.view.setUint32(at, value);
  }

  /** A safe integer from 0 on, in eight bytes. */
  u64(value: number): void {
    const at = this.#grow(8);
    this.#room.view.setUint32(at, Math.floor(value / 2 ** 32));
    this.#room.view.setUint32(at + 4, value % 2 ** 32);
  }

  /** All 64 bits. */
  long(value: bigint): void {
    const at = this.#grow(8);
    this.#room.view.setBigUint64(at, value);
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#room.bytes.set(value, at);
  }

  /** The characters of a binary string. */
  key(value: Key): void {
    const at = this.#grow(value.length);
    const { bytes } = this.#room;
    for (let place = 0; place < value.length; place++) bytes[at + place] = value.charCodeAt(place);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    const { bytes } = this.#room;
    if (this.#length <= bytes.length) return at;
    const larger = largerRoom(Math.max(this.#length, bytes.length * 2));
    larger.bytes.set(bytes.subarray(0, at));
    giveBack(this.#room);
    this.#room = larger;
    return at;
  }
}

/** Takes values from bytes, in the order in which they were written. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** The number of bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u64(): number {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (Number.isSafeInteger(value)) return value;
    throw new MalformedBytes(`wanted a number below 2^53, got about ${value}`);
  }

  long(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  key(length: number): Key {
    const at = this.#take(length);
    return keyOf(this.#bytes, at, at + length);
  }

  /** Throws unless all bytes were read. */
  end(): void {
    if (this.left > 0) throw new MalformedBytes(`wanted the end, got ${this.left} more bytes`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.left) throw new MalformedBytes(`wanted ${length} bytes, got ${this.left}`);
    this.#at = at + length;
    return at;
  }
}

/** What the function read, or `null`: the bytes are malformed. */
export function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedBytes) return null;
    throw error;
  }
}

/** Writes a safe integer from 0 on, in eight bytes. A view for that would cost more than all else. */
export function setNumber(bytes: Uint8Array, at: number, number: number): void {
  setUint32(bytes, at, Math.floor(number / 2 ** 32));
  setUint32(bytes, at + 4, number % 2 ** 32);
}

function setUint32(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number >>> 24;
  bytes[at + 1] = number >>> 16;
  bytes[at + 2] = number >>> 8;
  bytes[at + 3] = number;
}

/** Reads eight bytes; `null`: the number is no safe integer. */
export function getNumber(bytes: Uint8Array, at: number): number | null {
  const number = getUint32(bytes, at) * 2 ** 32 + getUint32(bytes, at + 4);
  return Number.isSafeInteger(number) ? number : null;
}

function getUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

/** A view of the bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
