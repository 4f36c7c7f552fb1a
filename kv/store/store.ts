/**
 * The store: a map from keys to values with versions, as a deterministic state machine. The version
 * of a key counts its successful writes, so each write names the one it follows and is executed at
 * most once, however often it is sent. Nothing is remembered about clients.
 *
 * Invariants:
 * - The state, and every reply, follow from the applied commands alone.
 * - No value is held twice: it is a part of the latest image or of a command behind it, and both are
 *   held anyway, for followers that need them.
 *
 * @module
 */

import { type Image, invariant, type StateMachine, type Steps } from "../../raft/mod.ts";
import {
  decodeKey,
  decodeRequest,
  encodeKey,
  encodeReply,
  type Put,
  type Reply,
} from "./command.ts";

interface Item {
  value: Uint8Array;
  readonly version: number;
}

/** How much a store may hold. */
export interface StoreLimits {
  /** How many keys. */
  readonly keysMax: number;
  /** How long an image of all keys and values may be. */
  readonly bytesMax: number;
}

/**
 * What every store has room for. A key costs up to 420 bytes of the collected heap, so that many fit
 * below 2 GiB. The numbers are part of what a log means: all servers must refuse the same puts, so
 * they are no option of a node.
 */
const LIMITS: StoreLimits = { keysMax: 4 * 2 ** 20, bytesMax: 2 ** 31 };

const FORMAT = 1;
const IMAGE_HEADER_BYTES = 5;
const ITEM_HEADER_BYTES = 14;
/** So many items, or so many bytes, are copied in well under a millisecond. */
const STEP = { items: 256, bytes: 512 * 1024 };

const STORED = encodeReply({ type: "stored" });
const NO_KEY = encodeReply({ type: "noKey" });
const FULL = encodeReply({ type: "full" });
const REFUSED = encodeReply({ type: "refused" });

/** A map with versions that every server of a cluster holds alike. */
export class KvStore implements StateMachine {
  #items = new Map<string, Item>();
  /** While an image is being drawn: what changed since it was begun, as it was (null: not there). */
  #before: Map<string, Item | null> | null = null;
  /** What the image of all items takes. */
  #imageBytes = IMAGE_HEADER_BYTES;
  readonly #limits: StoreLimits;

  /** An empty store. Tests choose other limits, alike for all servers of a cluster. */
  constructor(limits: StoreLimits = LIMITS) {
    this.#limits = limits;
  }

  /** How many keys there are. */
  get size(): number {
    return this.#items.size;
  }

  apply(command: Uint8Array): Uint8Array {
    const request = decodeRequest(command);
    if (request === null) return REFUSED;
    switch (request.type) {
      case "get":
        return this.#get(request.key);
      case "put":
        return this.#put(request);
      default:
        return request satisfies never;
    }
  }

  query(request: Uint8Array): Uint8Array {
    const query = decodeRequest(request);
    return query?.type === "get" ? this.#get(query.key) : REFUSED;
  }

  *snapshot(): Image {
    const before = this.#before = new Map<string, Item | null>();
    const { size } = this.#items;
    const image = new Uint8Array(this.#imageBytes);
    const view = new DataView(image.buffer);
    image[0] = FORMAT;
    view.setUint32(1, size);
    let at = IMAGE_HEADER_BYTES;
    let stepAt = at;
    let count = 0;
    for (const [name, now] of this.#items) {
      // Keys are never removed, and new ones are behind all others.
      if (count === size) break;
      const old = before.get(name);
      const { value, version } = old ?? now;
      const key = encodeKey(name);
      view.setUint16(at, key.length);
      view.setBigUint64(at + 2, BigInt(version));
      view.setUint32(at + 10, value.length);
      image.set(key, at + ITEM_HEADER_BYTES);
      at += ITEM_HEADER_BYTES + key.length;
      image.set(value, at);
      if (!old) now.value = image.subarray(at, at + value.length);
      at += value.length;
      if (++count % STEP.items > 0 && at - stepAt < STEP.bytes) continue;
      stepAt = at;
      yield;
    }
    invariant(at === image.length, `an image of ${image.length} bytes ends at ${at}`);
    if (this.#before === before) this.#before = null;
    return image;
  }

  *restore(data: Uint8Array): Steps {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length < IMAGE_HEADER_BYTES || data[0] !== FORMAT) {
      throw new RangeError(`Cannot restore the store: wanted format ${FORMAT}, got ${data[0]}`);
    }
    const items = new Map<string, Item>();
    let at = IMAGE_HEADER_BYTES;
    for (let left = view.getUint32(1); left > 0; left--) {
      // The values are not copied: a step costs by keys, not by bytes.
      if (items.size % STEP.items === STEP.items - 1) yield;
      const valueAt = at + ITEM_HEADER_BYTES + (at + 2 <= data.length ? view.getUint16(at) : 0);
      const end = valueAt + (at + ITEM_HEADER_BYTES <= data.length ? view.getUint32(at + 10) : 0);
      const key = end <= data.length
        ? decodeKey(data.subarray(at + ITEM_HEADER_BYTES, valueAt))
        : null;
      if (key === null) {
        throw new RangeError(`Cannot restore the store: wanted an item, got garbage at byte ${at}`);
      }
      const version = Number(view.getBigUint64(at + 2));
      items.set(key, { value: data.subarray(valueAt, end), version });
      at = end;
    }
    if (at !== data.length) {
      throw new RangeError(`Cannot restore the store: wanted ${at} bytes, got ${data.length}`);
    }
    this.#items = items;
    this.#imageBytes = data.length;
    this.#before = null;
  }

  #put({ key, value, version }: Put): Uint8Array {
    const item = this.#items.get(key);
    if (item === undefined && version > 0) return NO_KEY;
    if (item !== undefined && item.version !== version) {
      return encodeReply({ type: "wrongVersion", version: item.version });
    }
    const grownBy = item === undefined
      ? ITEM_HEADER_BYTES + encodeKey(key).length + value.length
      : value.length - item.value.length;
    if (!this.#hasRoom(grownBy, item === undefined)) return FULL;
    if (this.#before?.has(key) === false) this.#before.set(key, item ?? null);
    this.#imageBytes += grownBy;
    this.#items.set(key, { value, version: version + 1 });
    return STORED;
  }

  /** A put that makes a value shorter is never refused. */
  #hasRoom(bytes: number, isNewKey: boolean): boolean {
    const { keysMax, bytesMax } = this.#limits;
    if (isNewKey && this.#items.size >= keysMax) return false;
    return bytes <= 0 || this.#imageBytes + bytes <= bytesMax;
  }

  #get(key: string): Uint8Array {
    const item = this.#items.get(key);
    if (item === undefined) return NO_KEY;
    const reply: Reply = { type: "value", value: item.value, version: item.version };
    return encodeReply(reply);
  }
}
