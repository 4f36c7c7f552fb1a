/**
 * The search behind the checker: for one key, an order of its operations that the model accepts.
 *
 * After Wing and Gong, with Lowe's cache: the calls and returns stand in a list ordered by time. The
 * walk takes out the first call that the model accepts (and its return) and starts over. When it meets a
 * return, that operation has to come earlier: the last taken call is put back, and the walk goes on
 * behind it. A pair of (set taken, state) that was seen before is not entered again.
 *
 * Invariants:
 * - The list always holds exactly the events of the operations that are not taken, ordered by time,
 *   calls before returns at equal times.
 * - The cache compares whole sets and states, never only hashes.
 * - A read-only operation that fits is taken for good: if any order continues from here, then so
 *   does the one with this operation moved to the front. Nothing else is pruned by meaning, except
 *   operations without a return that would change nothing.
 *
 * @module
 */

import type { Model, Operation } from "./linearizability.ts";

/** What to search. */
export interface SearchOptions<State> {
  /** The operations that matter, as places in the history. */
  readonly indexes: readonly number[];
  /** Places of operations that may be left out, as if they had not returned. @default none */
  readonly open?: ReadonlySet<number>;
  /** Places of operations whose report shall be ignored altogether. @default none */
  readonly unknown?: ReadonlySet<number>;
  /** What the search begins with. @default the model's first state */
  readonly start?: State;
}

/** Where the operations that had to be placed can lead. */
export interface Configuration<State> {
  readonly state: State;
  /** Operations without a return that were not needed, in order of their places. */
  readonly unused: readonly number[];
}

/** `0` in the list: the head when followed forward, the end when arrived at. */
const HEAD = 0;

/** A search that can be advanced in slices. */
export class LinearizationSearch<State, Input, Output> {
  /** Moves so far. */
  steps = 0;
  readonly #model: Model<State, Input, Output>;
  readonly #history: readonly Operation<Input, Output>[];
  /** Places in the history: those that returned by call, then those that did not by call. */
  readonly #places: number[];
  readonly #outputs: (Output | null)[];
  readonly #requiredCount: number;
  readonly #isReadOnly: boolean[];
  // The list of events. A node is a call or a return; node 0 is the head.
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** The number of the operation that a call node begins; -1 for a return. */
  readonly #callOf: Int32Array;
  /** The return node of each operation; 0 if it has none. */
  readonly #returnOf: Int32Array;
  readonly #taken: TakenSet;
  readonly #seen = new Set<string>();
  // What was taken, as a stack; the states are those before each take.
  readonly #stack: Int32Array;
  readonly #states: State[] = [];
  #depth = 0;
  #requiredLeft: number;
  #state: State;
  #node: number;
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
    const required = byCall.filter((place) => !isOpen(place));
    // A question without an answer says nothing.
    const open = byCall.filter((place) =>
      isOpen(place) && !(outputOf(place) === null && isReadOnly(place))
    );
    this.#places = [...required, ...open];
    this.#outputs = this.#places.map(outputOf);
    this.#requiredCount = required.length;
    this.#requiredLeft = required.length;
    this.#isReadOnly = this.#places.map(isReadOnly);
    const count = this.#places.length;
    const nodes = 1 + count + required.length;
    this.#next = new Int32Array(nodes);
    this.#previous = new Int32Array(nodes);
    this.#callOf = new Int32Array(nodes).fill(-1);
    this.#returnOf = new Int32Array(count);
    this.#stack = new Int32Array(count);
    this.#best = new Int32Array(count);
    this.#taken = new TakenSet(required.length, open.length);
    this.#state = options.start ?? model.init();
    this.#link();
    this.#node = this.#next[HEAD]!;
  }

  /** Advances by at most so many moves. After "ok" the next call looks for another solution. */
  run(stepsMax: number): "ok" | "illegal" | "paused" {
    if (this.#isFound) {
      this.#isFound = false;
      if (!this.#backtrack()) return "illegal";
    }
    for (let left = stepsMax; this.#requiredLeft > 0; left--) {
      if (left === 0) return "paused";
      this.steps++;
      const number = this.#callOf[this.#node]!;
      if (number < 0) {
        if (!this.#backtrack()) return "illegal";
      } else if (this.#tryToTake(number)) {
        this.#node = this.#next[HEAD]!;
      } else {
        this.#node = this.#next[this.#node]!;
      }
    }
    // Even where a wrong order was longer, by operations that may be left out.
    this.#bestDepth = -1;
    this.#rememberLongest();
    this.#isFound = true;
    return "ok";
  }

  /** The longest order found so far, as places in the history. */
  longest(): number[] {
    return Array.from(this.#best.subarray(0, this.#bestDepth), (number) => this.#places[number]!);
  }

  /** Where the solution just found by {@linkcode run} ends. */
  configuration(): Configuration<State> {
    const unused: number[] = [];
    for (let number = this.#requiredCount; number < this.#places.length; number++) {
      if (!this.#taken.has(number)) unused.push(this.#places[number]!);
    }
    return { state: this.#state, unused: unused.sort((a, b) => a - b) };
  }

  #link(): void {
    const count = this.#places.length;
    const times = new Float64Array(this.#next.length);
    const order: number[] = [];
    for (let number = 0; number < count; number++) {
      const operation = this.#history[this.#places[number]!]!;
      const node = number + 1;
      this.#callOf[node] = number;
      times[node] = operation.call;
      order.push(node);
      if (number >= this.#requiredCount) continue;
      const end = 1 + count + number;
      this.#returnOf[number] = end;
      times[end] = operation.return!;
      order.push(end);
    }
    // Return nodes have the higher numbers, so calls come first at equal times.
    order.sort((a, b) => times[a]! - times[b]! || a - b);
    let last = HEAD;
    for (const node of order) {
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    }
    this.#next[last] = HEAD;
    this.#previous[HEAD] = last;
  }

  #tryToTake(number: number): boolean {
    const isRequired = number < this.#requiredCount;
    const { input } = this.#history[this.#places[number]!]!;
    const next = this.#model.step(this.#state, input, this.#outputs[number]!);
    if (next === undefined) return false;
    if (!this.#isReadOnly[number]) {
      const stateKey = this.#model.key(next);
      if (!isRequired && stateKey === this.#model.key(this.#state)) return false;
      this.#taken.add(number);
      const key = this.#taken.key() + stateKey;
      if (this.#seen.has(key)) {
        this.#taken.delete(number);
        return false;
      }
      this.#seen.add(key);
    } else {
      this.#taken.add(number);
    }
    this.#states[this.#depth] = this.#state;
    this.#stack[this.#depth] = number;
    this.#depth++;
    this.#state = next;
    this.#unlinkNode(number + 1);
    if (isRequired) {
      this.#unlinkNode(this.#returnOf[number]!);
      this.#requiredLeft--;
    }
    return true;
  }

  /** Puts back the last taken call that had an alternative; false when there is none. */
  #backtrack(): boolean {
    this.#rememberLongest();
    while (this.#depth > 0) {
      this.#depth--;
      const number = this.#stack[this.#depth]!;
      this.#state = this.#states[this.#depth]!;
      this.#taken.delete(number);
      if (number < this.#requiredCount) {
        this.#relinkNode(this.#returnOf[number]!);
        this.#requiredLeft++;
      }
      this.#relinkNode(number + 1);
      if (this.#isReadOnly[number]) continue;
      this.#sharedDepth = Math.min(this.#sharedDepth, this.#depth);
      this.#node = this.#next[number + 1]!;
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

/**
 * A set of operations with a short exact key. Operations with known outcome are taken roughly in
 * the order of their calls, so only the bits between the first gap and the last member are written.
 */
class TakenSet {
  readonly #requiredCount: number;
  readonly #required: Uint16Array;
  readonly #open: Uint16Array;
  /** All words before this one are full. */
  #low = 0;
  /** All words from this one on are empty; lowered lazily. */
  #requiredHigh = 0;
  #openHigh = 0;

  constructor(requiredCount: number, openCount: number) {
    this.#requiredCount = requiredCount;
    this.#required = new Uint16Array((requiredCount >> 4) + 1);
    this.#open = new Uint16Array((openCount + 15) >> 4);
  }

  has(number: number): boolean {
    const bit = number < this.#requiredCount ? number : number - this.#requiredCount;
    const words = number < this.#requiredCount ? this.#required : this.#open;
    return (words[bit >> 4]! & (1 << (bit & 15))) !== 0;
  }

  add(number: number): void {
    if (number >= this.#requiredCount) {
      const bit = number - this.#requiredCount;
      this.#open[bit >> 4]! |= 1 << (bit & 15);
      this.#openHigh = Math.max(this.#openHigh, (bit >> 4) + 1);
      return;
    }
    this.#required[number >> 4]! |= 1 << (number & 15);
    this.#requiredHigh = Math.max(this.#requiredHigh, (number >> 4) + 1);
    // The last word is never full: it has room for one more than there are.
    while (this.#required[this.#low] === 0xffff) this.#low++;
  }

  delete(number: number): void {
    if (number >= this.#requiredCount) {
      const bit = number - this.#requiredCount;
      this.#open[bit >> 4]! &= ~(1 << (bit & 15));
      return;
    }
    this.#required[number >> 4]! &= ~(1 << (number & 15));
    this.#low = Math.min(this.#low, number >> 4);
  }

  /** Equal for equal sets and for no others; says how long it is, so that more can follow. */
  key(): string {
    while (this.#required[this.#requiredHigh - 1] === 0) this.#requiredHigh--;
    while (this.#open[this.#openHigh - 1] === 0) this.#openHigh--;
    let key = `${this.#low},${this.#requiredHigh},${this.#openHigh}:`;
    for (let word = this.#low; word < this.#requiredHigh; word++) {
      key += String.fromCharCode(this.#required[word]!);
    }
    for (let word = 0; word < this.#openHigh; word++) {
      key += String.fromCharCode(this.#open[word]!);
    }
    return key;
  }
}
