/**
 * How much a store holds and may hold.
 *
 * @module
 */

import type { Change } from "./draft.ts";

/** How much a store may hold. */
export interface StoreLimits {
  /** The number of keys. */
  readonly keysMax: number;
  /** How many bytes of keys and values, and {@linkcode KEY_OVERHEAD_BYTES} for each key. */
  readonly bytesMax: number;
}

/**
 * What every store has room for. A key costs up to 420 bytes of the collected heap, so that many fit
 * below 2 GiB. The numbers are part of what a log means: all servers must refuse the same writes, so
 * they are no option of a node.
 */
const LIMITS: StoreLimits = { keysMax: 4 * 2 ** 20, bytesMax: 2 ** 31 };

/** What a key counts beside its own bytes and its value. */
export const KEY_OVERHEAD_BYTES = 14;

/** Counts keys and bytes. */
export class Room {
  readonly #limits: StoreLimits;
  #keys = 0;
  #bytes = 0;

  /** Begins as of an empty store. */
  constructor(limits: StoreLimits = LIMITS) {
    this.#limits = limits;
  }

  /** The number of keys that exist. */
  get keys(): number {
    return this.#keys;
  }

  /** The same limits, and nothing in it. */
  emptied(): Room {
    return new Room(this.#limits);
  }

  /** Whether all of these changes fit. Changes that make no key and nothing longer always do. */
  has(changes: readonly Change[]): boolean {
    let keys = 0;
    let bytes = 0;
    for (const change of changes) {
      keys += keysOf(change);
      bytes += bytesOf(change);
    }
    const { keysMax, bytesMax } = this.#limits;
    if (keys > 0 && this.#keys + keys > keysMax) return false;
    return bytes <= 0 || this.#bytes + bytes <= bytesMax;
  }

  /** Counts a change. */
  change(change: Change): void {
    this.#keys += keysOf(change);
    this.#bytes += bytesOf(change);
  }
}

function keysOf({ entry, previous }: Change): number {
  const before = previous === null || previous.value === null ? 0 : 1;
  return (entry.value === null ? 0 : 1) - before;
}

function bytesOf({ entry, previous }: Change): number {
  return sizeOf(entry) - (previous === null ? 0 : sizeOf(previous));
}

function sizeOf({ key, value }: Change["entry"]): number {
  return value === null ? 0 : KEY_OVERHEAD_BYTES + key.length + value.length;
}
