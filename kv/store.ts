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

const format = 1;
const imageHeaderBytes = 5;
const itemHeaderBytes = 14;

const stored = encodeReply({ type: "stored" });
const noKey = encodeReply({ type: "noKey" });
const wrongVersion = encodeReply({ type: "wrongVersion" });
const refused = encodeReply({ type: "refused" });

/** A map with versions that every server of a cluster holds alike. */
export class KvStore implements StateMachine {
  #items = new Map<string, Item>();

  /** How many keys there are. */
  get size(): number {
    return this.#items.size;
  }

  apply(command: Uint8Array): Uint8Array {
    const request = decodeRequest(command);
    if (request === null) return refused;
    if (request.type === "get") return this.#get(request.key);
    const { key, value, version } = request;
    const item = this.#items.get(key);
    if (item === undefined && version > 0) return noKey;
    if (item !== undefined && item.version !== version) return wrongVersion;
    // Copied: the command lies in a buffer that may hold much more.
    this.#items.set(key, { value: value.slice(), version: version + 1 });
    return stored;
  }

  query(request: Uint8Array): Uint8Array {
    const question = decodeRequest(request);
    return question?.type === "get" ? this.#get(question.key) : refused;
  }

  snapshot(): Uint8Array {
    const keys = [...this.#items.keys()].map(encodeKey);
    let total = imageHeaderBytes;
    for (const key of keys) total += itemHeaderBytes + key.length;
    for (const { value } of this.#items.values()) total += value.length;
    const image = new Uint8Array(total);
    const view = new DataView(image.buffer);
    image[0] = format;
    view.setUint32(1, keys.length);
    let at = imageHeaderBytes;
    let place = 0;
    for (const { value, version } of this.#items.values()) {
      const key = keys[place++] ?? new Uint8Array(0);
      view.setUint16(at, key.length);
      view.setBigUint64(at + 2, BigInt(version));
      view.setUint32(at + 10, value.length);
      image.set(key, at + itemHeaderBytes);
      image.set(value, at + itemHeaderBytes + key.length);
      at += itemHeaderBytes + key.length + value.length;
    }
    return image;
  }

  restore(data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.length < imageHeaderBytes || data[0] !== format) {
      throw new RangeError(`Cannot restore the store: wanted format ${format}, got ${data[0]}`);
    }
    const items = new Map<string, Item>();
    let at = imageHeaderBytes;
    for (let left = view.getUint32(1); left > 0; left--) {
      const valueAt = at + itemHeaderBytes + (at + 2 <= data.length ? view.getUint16(at) : 0);
      const end = valueAt + (at + itemHeaderBytes <= data.length ? view.getUint32(at + 10) : 0);
      const key = end <= data.length
        ? decodeKey(data.subarray(at + itemHeaderBytes, valueAt))
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
    if (item === undefined) return noKey;
    const reply: Reply = { type: "value", value: item.value, version: item.version };
    return encodeReply(reply);
  }
}
