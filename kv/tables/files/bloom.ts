/**
 * A Bloom filter: says of most keys that a table lacks them, without reading the table. It may say
 * "perhaps" of a key that is not there; it never denies one that is.
 *
 * @module
 */

/** At ten bits a key and seven probes one absent key in a hundred is looked for in vain. */
const BITS_PER_KEY = 10;
const PROBES = 7;

/** The number of keys that one step adds to a filter. */
const KEYS_PER_STEP = 512;

/** A filter in the making. */
export class BloomBuilder {
  readonly #hashes: number[] = [];

  /** Adds the key in a part of the bytes. The same key again, in direct succession, costs nothing. */
  add(bytes: Uint8Array, from: number, to: number): void {
    const hash = hashOfBytes(bytes, from, to);
    if (this.#hashes.at(-1) !== hash) this.#hashes.push(hash);
  }

  /** The filter of all keys that were added, in steps of well under a millisecond. */
  *build(): Generator<void, Uint8Array<ArrayBuffer>, void> {
    const bits = new Uint8Array(Math.max(8, Math.ceil(this.#hashes.length * BITS_PER_KEY / 8)));
    let left = KEYS_PER_STEP;
    for (const hash of this.#hashes) {
      if (--left === 0) {
        left = KEYS_PER_STEP;
        yield;
      }
      const step = stepOf(hash);
      for (let probe = 0; probe < PROBES; probe++) {
        const bit = (hash + Math.imul(probe, step) >>> 0) % (bits.length * 8);
        bits[bit >>> 3] = bits[bit >>> 3]! | 1 << (bit & 7);
      }
    }
    return bits;
  }
}

/** False: the key was never added to the filter. */
export function mayHold(filter: Uint8Array, key: string): boolean {
  const hash = hashOf(key);
  const step = stepOf(hash);
  for (let probe = 0; probe < PROBES; probe++) {
    const bit = (hash + Math.imul(probe, step) >>> 0) % (filter.length * 8);
    if ((filter[bit >>> 3]! & 1 << (bit & 7)) === 0) return false;
  }
  return true;
}

/** Two hashes make all probes (Kirsch and Mitzenmacher): the second is the first, mixed again. */
function stepOf(hash: number): number {
  return mix(hash) | 1;
}

/** FNV-1a over the characters, mixed at the end because its low bits alone are weak. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let place = 0; place < key.length; place++) {
    hash = Math.imul(hash ^ key.charCodeAt(place), 0x0100_0193);
  }
  return mix(hash);
}

/** As {@linkcode hashOf}, of a key as bytes. */
function hashOfBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c_9dc5;
  for (let place = from; place < to; place++) {
    hash = Math.imul(hash ^ bytes[place]!, 0x0100_0193);
  }
  return mix(hash);
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output. */
function mix(value: number): number {
  let hash = value ^ value >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return (hash ^ hash >>> 16) >>> 0;
}
