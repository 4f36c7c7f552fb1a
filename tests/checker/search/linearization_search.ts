/**
 * The search behind the checker: for one key, an order of its operations that the model accepts.
 *
 * After Wing and Gong, with Lowe's cache: the calls and returns stand in a list ordered by time.
 * The walk takes out the first call that the model accepts (with its return) and starts over. When
 * it reaches a return, that operation has to come earlier: the operations of unknown outcome are
 * tried first; if none helps, the last taken call is put back, and the walk continues after it.
 *
 * The search skips states that cannot lead further than an earlier one:
 * - the same operations taken and the same state, even with fewer operations of unknown outcome
 * used;
 * - everything but a matching read: if any order continues from here, so does the order with this
 *   read moved to the front;
 * - an operation of unknown outcome that would change nothing, or that is overwritten before
 * another   operation depends on it.
 *
 * Invariants: the lists always hold exactly the events of the operations that are not taken,
 * ordered by time, calls before returns at equal times; whole sets and states are compared, never
 * hashes.
 *
 * @module
 */

import type { Model, Operation } from "./model.ts";

/** Options of a {@linkcode LinearizationSearch}. */
export interface SearchOptions<State> {
  /** The operations to search, as places in the history. */
  readonly indexes: readonly number[];
  /** Places of operations that may be left out, as if they had not returned. @default none */
  readonly open?: ReadonlySet<number>;
  /** Places of operations whose output is ignored. @default none */
  readonly unknown?: ReadonlySet<number>;
  /** The state at the beginning. @default the model's initial state */
  readonly start?: State;
}

/** A state after all required operations, and the optional ones still unused. */
export interface Configuration<State> {
  readonly state: State;
  /** Operations without a return that were not needed, in order of their places. */
  readonly unused: readonly number[];
}

// Heads of the two circular lists: events, and calls of unknown outcome.
const HEAD = 0;
const MAYBE_HEAD = 1;
const FIRST_NODE = 2;

/** A search that can be advanced in slices. */
export class LinearizationSearch<State, Input, Output> {
  /** Steps so far. */
  steps = 0;
  readonly #model: Model<State, Input, Output>;
  readonly #history: readonly Operation<Input, Output>[];
  /**
   * Places in the history: first the required operations, then those that returned but are open,
   * then those of unknown outcome; each group in the order of calls. Operation numbers index this.
   */
  readonly #places: number[];
  readonly #outputs: (Output | null)[];
  readonly #requiredCount: number;
  readonly #knownCount: number;
  readonly #isReadOnly: boolean[];
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #times: Float64Array;
  /** The number of the operation that a call node begins; -1 for a return and for the heads. */
  readonly #callOf: Int32Array;
  /** The return node of each operation; 0 if it has none. */
  readonly #returnOf: Int32Array;
  readonly #required: BitSet;
  readonly #open: BitSet;
  readonly #maybe: BitSet;
  /** For each set of taken operations and state: the smallest sets of unknown outcomes used. */
  readonly #seen = new Map<string, Uint16Array[]>();
  // The taken operations as a stack, with the state before each.
  readonly #stack: Int32Array;
  readonly #states: State[] = [];
  readonly #shadows: (State | undefined)[] = [];
  /** The first pending return at the time an operation of unknown outcome was taken. */
  readonly #limits: Float64Array;
  #depth = 0;
  #requiredLeft: number;
  #state: State;
  #node: number;
  #limit = 0;
  /** The state without the last operation of unknown outcome, while nothing depends on it. */
  #shadow: State | undefined = undefined;
  #isFound = false;
  // The deepest stack so far; its first `#sharedDepth` items still equal the stack's.
  readonly #best: Int32Array;
  #bestDepth = 0;
  #sharedDepth = 0;

  constructor(
    model: Model<State, Input, Output>,
    history: readonly Operation<Input, Output>[],
    options: SearchOptions<State>,
  ) {
    this.#model = model;
    this.#history = history;
    const outputOf = (place: number): Output | null =>
      options.unknown?.has(place) === true ? null : history[place]!.output;
    const isReadOnly = (place: number): boolean =>
      model.isReadOnly(history[place]!.input, outputOf(place));
    const isOpen = (place: number): boolean =>
      outputOf(place) === null || options.open?.has(place) === true;
    const byCall = [...options.indexes].sort((a, b) => history[a]!.call - history[b]!.call);
    const isMaybe = (place: number): boolean => outputOf(place) === null;
    const required = byCall.filter((place) => !isOpen(place));
    const open = byCall.filter((place) => isOpen(place) && !isMaybe(place));
    // A read without a known output puts no constraint on the order.
    const maybe = byCall.filter((place) => isMaybe(place) && !isReadOnly(place));
    this.#places = [...required, ...open, ...maybe];
    this.#outputs = this.#places.map(outputOf);
    this.#isReadOnly = this.#places.map(isReadOnly);
    this.#requiredCount = required.length;
    this.#requiredLeft = required.length;
    this.#knownCount = required.length + open.length;
    const count = this.#places.length;
    const nodes = FIRST_NODE + count + required.length;
    this.#next = new Int32Array(nodes);
    this.#previous = new Int32Array(nodes);
    this.#times = new Float64Array(nodes);
    this.#callOf = new Int32Array(nodes).fill(-1);
    this.#returnOf = new Int32Array(count);
    this.#stack = new Int32Array(count);
    this.#limits = new Float64Array(count);
    this.#best = new Int32Array(count);
    this.#required = new BitSet(required.length);
    this.#open = new BitSet(open.length);
    this.#maybe = new BitSet(maybe.length);
    this.#state = options.start ?? model.init();
    this.#link();
    this.#node = this.#next[HEAD]!;
  }

  /** Advances by at most `stepsMax` steps. After "ok" the next call looks for another solution. */
  run(stepsMax: number): "ok" | "illegal" | "paused" {
    if (this.#isFound) {
      this.#isFound = false;
      if (!this.#backtrack()) return "illegal";
    }
    for (let left = stepsMax; this.#requiredLeft > 0; left--) {
      if (left === 0) return "paused";
      this.steps++;
      const node = this.#node;
      const number = this.#callOf[node]!;
      const isTooLate = number >= this.#knownCount && this.#times[node]! > this.#limit;
      if (number >= 0 && !isTooLate) {
        this.#node = this.#tryToTake(number) ? this.#next[HEAD]! : this.#next[node]!;
      } else if (node >= FIRST_NODE && !isTooLate) {
        this.#limit = this.#times[node]!;
        this.#node = this.#next[MAYBE_HEAD]!;
      } else if (!this.#backtrack()) {
        return "illegal";
      }
    }
    // An incomplete order may be longer than the solution because of optional operations.
    this.#bestDepth = -1;
    this.#rememberLongest();
    this.#isFound = true;
    return "ok";
  }

  /** The longest order found so far, as places in the history. */
  longest(): number[] {
    return Array.from(this.#best.subarray(0, this.#bestDepth), (number) => this.#places[number]!);
  }

  /** The end of the solution that {@linkcode run} has just found. */
  configuration(): Configuration<State> {
    const unused: number[] = [];
    for (let number = this.#requiredCount; number < this.#places.length; number++) {
      const [set, bit] = this.#bitOf(number);
      if (!set.has(bit)) unused.push(this.#places[number]!);
    }
    return { state: this.#state, unused: unused.sort((a, b) => a - b) };
  }

  #link(): void {
    const count = this.#places.length;
    const events: number[] = [];
    const maybe: number[] = [];
    for (let number = 0; number < count; number++) {
      const operation = this.#history[this.#places[number]!]!;
      const node = FIRST_NODE + number;
      this.#callOf[node] = number;
      this.#times[node] = operation.call;
      (number < this.#knownCount ? events : maybe).push(node);
      if (number >= this.#requiredCount) continue;
      const end = FIRST_NODE + count + number;
      this.#returnOf[number] = end;
      this.#times[end] = operation.return!;
      events.push(end);
    }
    // Return nodes have the higher numbers, so calls come first at equal times.
    events.sort((a, b) => this.#times[a]! - this.#times[b]! || a - b);
    for (const [head, nodes] of [[HEAD, events], [MAYBE_HEAD, maybe]] as const) {
      let last: number = head;
      for (const node of nodes) {
        this.#next[last] = node;
        this.#previous[node] = last;
        last = node;
      }
      this.#next[last] = head;
      this.#previous[head] = last;
    }
  }

  /** The set and the bit in it that say whether the operation is taken. */
  #bitOf(number: number): [BitSet, number] {
    if (number < this.#requiredCount) return [this.#required, number];
    if (number < this.#knownCount) return [this.#open, number - this.#requiredCount];
    return [this.#maybe, number - this.#knownCount];
  }

  #tryToTake(number: number): boolean {
    const { input } = this.#history[this.#places[number]!]!;
    const next = this.#model.step(this.#state, input, this.#outputs[number]!);
    if (next === undefined) return false;
    const shadow = this.#shadow === undefined
      ? undefined
      : this.#model.step(this.#shadow, input, this.#outputs[number]!);
    const [set, bit] = this.#bitOf(number);
    set.add(bit);
    if (!this.#isReadOnly[number]) {
      const key = this.#model.key(next);
      const isIdle = (set === this.#maybe && key === this.#model.key(this.#state)) ||
        (shadow !== undefined && key === this.#model.key(shadow));
      if (isIdle || !this.#isNew(this.#required.key() + this.#open.key() + key)) {
        set.delete(bit);
        return false;
      }
    }
    this.#shadows[this.#depth] = this.#shadow;
    if (set === this.#maybe) this.#shadow = this.#state;
    else if (shadow === undefined || !this.#isReadOnly[number]) this.#shadow = undefined;
    this.#states[this.#depth] = this.#state;
    this.#limits[this.#depth] = this.#limit;
    this.#stack[this.#depth] = number;
    this.#depth++;
    this.#state = next;
    this.#unlinkNode(FIRST_NODE + number);
    if (set === this.#required) {
      this.#unlinkNode(this.#returnOf[number]!);
      this.#requiredLeft--;
    }
    return true;
  }

  /** Records the state of the search; false if an earlier visit used a subset of these outcomes. */
  #isNew(key: string): boolean {
    const seen = this.#seen.get(key);
    if (seen === undefined) {
      this.#seen.set(key, [this.#maybe.copy()]);
      return true;
    }
    if (seen.some((smaller) => this.#maybe.includes(smaller))) return false;
    seen.push(this.#maybe.copy());
    return true;
  }

  /** Puts back the last taken call that has an alternative; false when there is none. */
  #backtrack(): boolean {
    this.#rememberLongest();
    while (this.#depth > 0) {
      this.#depth--;
      const number = this.#stack[this.#depth]!;
      this.#state = this.#states[this.#depth]!;
      this.#shadow = this.#shadows[this.#depth];
      this.#limit = this.#limits[this.#depth]!;
      const [set, bit] = this.#bitOf(number);
      set.delete(bit);
      if (set === this.#required) {
        this.#relinkNode(this.#returnOf[number]!);
        this.#requiredLeft++;
      }
      this.#relinkNode(FIRST_NODE + number);
      if (this.#isReadOnly[number]) continue;
      this.#sharedDepth = Math.min(this.#sharedDepth, this.#depth);
      this.#node = this.#next[FIRST_NODE + number]!;
      return true;
    }
    this.#sharedDepth = 0;
    return false;
  }

  #unlinkNode(node: number): void {
    const previous = this.#previous[node]!;
    const next = this.#next[node]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Undoes {@linkcode #unlinkNode}, if called in the reverse order. */
  #relinkNode(node: number): void {
    this.#next[this.#previous[node]!] = node;
    this.#previous[this.#next[node]!] = node;
  }

  #rememberLongest(): void {
    if (this.#depth <= this.#bestDepth) return;
    this.#best.set(this.#stack.subarray(this.#sharedDepth, this.#depth), this.#sharedDepth);
    this.#bestDepth = this.#depth;
    this.#sharedDepth = this.#depth;
  }
}

/** Shared because most sets of unknown outcomes are empty. */
const EMPTY = new Uint16Array(0);

/**
 * A set of small numbers with a short exact key. Operations are taken roughly in the order of their
 * calls, so only the words between the first gap and the last member are written.
 */
class BitSet {
  readonly #words: Uint16Array;
  /** All words before this one are full. */
  #low = 0;
  /** All words from this one on are empty. */
  #high = 0;

  readonly #isAlwaysEmpty: boolean;

  constructor(size: number) {
    this.#isAlwaysEmpty = size === 0;
    // One more than needed, so that the last word is never full.
    this.#words = new Uint16Array((size >> 4) + 1);
  }

  has(bit: number): boolean {
    return (this.#words[bit >> 4]! & (1 << (bit & 15))) !== 0;
  }

  add(bit: number): void {
    this.#words[bit >> 4]! |= 1 << (bit & 15);
    this.#high = Math.max(this.#high, (bit >> 4) + 1);
    while (this.#words[this.#low] === 0xffff) this.#low++;
  }

  delete(bit: number): void {
    this.#words[bit >> 4]! &= ~(1 << (bit & 15));
    this.#low = Math.min(this.#low, bit >> 4);
    while (this.#words[this.#high - 1] === 0) this.#high--;
  }

  /** A key, equal only for equal sets. It begins with its length, so keys can be concatenated. */
  key(): string {
    if (this.#isAlwaysEmpty) return "";
    let key = `${this.#low},${this.#high}:`;
    for (let word = this.#low; word < this.#high; word++) {
      key += String.fromCharCode(this.#words[word]!);
    }
    return key;
  }

  /** The words, without the empty ones at the end. */
  copy(): Uint16Array {
    if (this.#high === 0) return EMPTY;
    return this.#words.slice(0, this.#high);
  }

  /** Whether all members of a copied set are in this one. */
  includes(words: Uint16Array): boolean {
    return words.every((word, place) => (word & ~this.#words[place]!) === 0);
  }
}
