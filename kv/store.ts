/**
 * The store: a map from keys to values with versions, as a deterministic state machine. The version
 * of a key counts its successful writes, so each write names the one it follows and is executed at
 * most once, however often it is sent. Nothing is remembered about clients.
 *
 * Invariant: the state, and every reply, follow from the applied commands alone.
 *
 * @module
 */

import type { StateMachine } from "../raft/mod.ts";
import { decodeKey, decodeRequest, encodeKey, encodeReply, type Reply } from "./command.ts";

interface Item {
  readonly value: Uint8Array;
  readonly version: number;
}

const FORMAT = 1;
const IMAGE_HEADER_BYTES = 5;
const ITEM_HEADER_BYTES = 14;

const STORED = encodeReply({ type: "stored" });
const NO_KEY = encodeReply({ type: "noKey" });
const WRONG_VERSION = encodeReply({ type: "wrongVersion" });
const REFUSED = encodeReply({ type: "refused" });

/** A map with versions that every server of a cluster holds alike. */
export class KvStore implements StateMachine {
  #items = new Map<string, Item>();

  /** How many keys there are. */
  get size(): number {
    return this.#items.size;
  }

  apply(command: Uint8Array): Uint8Array {
    const request = decodeRequest(command);
    if (request === null) return REFUSED;
    if (request.type === "get") return this.#get(request.key);
    const { key, value, version } = request;
    const item = this.#items.get(key);
    if (item === undefined && version > 0) return NO_KEY;
    if (item !== undefined && item.version !== version) return WRONG_VERSION;
    // Copied: the command lies in a buffer that may hold much more.
    this.#items.set(key, { value: value.slice(), version: version + 1 });
    return STORED;
  }

  query(request: Uint8Array): Uint8Array {
    const question = decodeRequest(request);
    return question?.type === "get" ? this.#get(question.key) : REFUSED;
  }

  snapshot(): Uint8Array {
    const keys = [...this.#items.keys()].map(encodeKey);
    let total = IMAGE_HEADER_BYTES;
    for (const key of keys) total += ITEM_HEADER_BYTES + key.length;
    for (const { value } of this.#items.values()) total += value.length;
    const image = new Uint8Array(total);
    const view = new DataView(image.buffer);
    image[0] = FORMAT;
    view.setUint32(1, keys.length);
    let at = IMAGE_HEADER_BYTES;
    let place = 0;
    for (const { value, version } of this.#items.values()) {
      const key = keys[place++] ?? new Uint8Array(0);
      view.setUint16(at, key.length);
      view.setBigUint64(at + 2, BigInt(version));
      view.setUint32(at + 10, value.length);
      image.set(key, at + ITEM_HEADER_BYTES);
      image.set(value, at + ITEM_HEADER_BYTES + key.length);
      at += ITEM_HEADER_BYTES + key.length + value.length;
    }
    return image;
  }

  restore(data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length < IMAGE_HEADER_BYTES || data[0] !== FORMAT) {
      throw new RangeError(`Cannot restore the store: wanted format ${FORMAT}, got ${data[0]}`);
    }
    const items = new Map<string, Item>();
    let at = IMAGE_HEADER_BYTES;
    for (let left = view.getUint32(1); left > 0; left--) {
      const valueAt = at + ITEM_HEADER_BYTES + (at + 2 <= data.length ? view.getUint16(at) : 0);
      const end = valueAt + (at + ITEM_HEADER_BYTES <= data.length ? view.getUint32(at + 10) : 0);
      const key = end <= data.length
        ? decodeKey(data.subarray(at + ITEM_HEADER_BYTES, valueAt))
        : null;
      if (key === null) {
        throw new RangeError(`Cannot restore the store: wanted an item, got garbage at byte ${at}`);
      }
      const version = Number(view.getBigUint64(at + 2));
      items.set(key, { value: data.slice(valueAt, end), version });
      at = end;
    }
    if (at !== data.length) {
      throw new RangeError(`Cannot restore the store: wanted ${at} bytes, got ${data.length}`);
    }
    this.#items = items;
  }

  #get(key: string): Uint8Array {
    const item = this.#items.get(key);
    if (item === undefined) return NO_KEY;
    const reply: Reply = { type: "value", value: item.value, version: item.version };
    return encodeReply(reply);
  }
}
