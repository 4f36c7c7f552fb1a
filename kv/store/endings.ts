/**
 * Keys that end by themselves: an index of them in the order of their times, in the store's own keys,
 * so that what is due is found without a look at all others, on every server alike.
 *
 * ```text
 * 255 "e"              where the index begins: every earlier place of it is empty
 * 255 "e/" time key    one for each key that ends; the time has 14 hexadecimal digits
 * ```
 *
 * Invariant: a key that ends has exactly one place in the index, and no other key has any (N2).
 *
 * @module
 */

import { type Key, Reader, SYSTEM_KEYS, Writer } from "../command/mod.ts";
import type { Entry, State } from "../tables/mod.ts";
import type { Change } from "./draft.ts";
import { written } from "./draft.ts";

const FLOOR = `${SYSTEM_KEYS}e`;
const PLACES = `${FLOOR}/`;
const BEHIND = `${FLOOR}0`;
const TIME_DIGITS = 14;
const EMPTY = new Uint8Array(0);

/** Later than every revision. */
const LATEST = Number.MAX_SAFE_INTEGER;

/** The most keys that one entry of the log ends: a few milliseconds of work (N3). */
export const ENDED_AT_ONCE = 250;

/** All keys of a state that end by themselves. */
export class Endings {
  readonly #state: State;
  /** No place of the index is before this time. */
  #floor: number;
  /** No key ends before this time; `Infinity`: none ends at all. */
  #next: number;

  /** Those that a state holds. */
  constructor(state: State) {
    this.#state = state;
    const floor = state.get(FLOOR)?.value ?? null;
    this.#floor = floor === null ? 0 : new Reader(floor).u64();
    this.#next = this.#first();
  }

  /** When the next key ends, or a little earlier; `Infinity`: none ends. */
  get next(): number {
    return this.#next;
  }

  /** Follows a change of a key. */
  change({ entry, previous }: Change): void {
    const { key, revision } = entry;
    const [before, after] = [endOf(previous), endOf(entry)];
    if (before === after) return;
    if (before > 0) this.#store(placeOf(before, key), { value: null, revision });
    if (after === 0) return;
    this.#store(placeOf(after, key), { value: EMPTY, revision });
    this.#next = Math.min(this.#next, after);
    // A time that has passed already is looked for from there on again.
    if (after < this.#floor) this.#setFloor(after, revision);
  }

  /** The deletions of what is due at a time, the earliest first, and not all of them if they are many. */
  due(wall: number, revision: number): readonly Change[] {
    if (this.#next > wall) return [];
    const due: Change[] = [];
    let floor = wall;
    const range = { from: placeOf(this.#floor, ""), to: placeOf(wall + 1, ""), at: LATEST };
    for (const { key: place } of this.#state.scan(range)) {
      if (due.length === ENDED_AT_ONCE) {
        floor = timeOf(place);
        break;
      }
      const key = place.slice(PLACES.length + TIME_DIGITS);
      const previous = this.#state.get(key)!;
      const { expires } = previous;
      due.push({ entry: written(previous, { key, value: null, revision, expires }), previous });
    }
    // Only what the log says may change the state, and `next` is earlier on some servers.
    if (due.length > 0) this.#setFloor(floor, revision);
    return due;
  }

  /** Call this when the changes of {@linkcode due} were made. */
  ended(): void {
    this.#next = this.#first();
  }

  #first(): number {
    const range = { from: placeOf(this.#floor, ""), to: BEHIND, at: LATEST };
    for (const { key } of this.#state.scan(range)) return timeOf(key);
    return Infinity;
  }

  #setFloor(floor: number, revision: number): void {
    this.#floor = floor;
    const to = new Writer();
    to.u64(floor);
    this.#store(FLOOR, { value: to.finish(), revision });
  }

  #store(
    key: Key,
    { value, revision }: { readonly value: Uint8Array | null; readonly revision: number },
  ): void {
    this.#state.add(written(this.#state.get(key), { key, value, revision }));
  }
}

/** When a key ends; 0: never, or it is not there. */
function endOf(entry: Entry | null): number {
  return entry === null || entry.value === null ? 0 : entry.expires;
}

function placeOf(time: number, key: Key): Key {
  return `${PLACES}${time.toString(16).padStart(TIME_DIGITS, "0")}${key}`;
}

function timeOf(place: Key): number {
  return Number.parseInt(place.slice(PLACES.length, PLACES.length + TIME_DIGITS), 16);
}
