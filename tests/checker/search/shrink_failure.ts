/**
 * Reduces an illegal history to a smallest part that still proves it illegal.
 *
 * Deleting operations proves nothing: without its write, every read of a value looks illegal. So
 * each step makes the history weaker, that is, easier to linearize, and keeps it illegal:
 *
 * 1. End it early. Operations that had not returned by then have an unknown outcome.
 * 2. Begin late, with every state that was possible then, and every choice of concurrent operations
 *    that had already taken effect.
 * 3. Leave out reads, and ignore the outputs of other operations.
 *
 * In the part that remains, the required operations have no valid order, whichever optional
 * operations are used.
 *
 * @module
 */

import { type Configuration, LinearizationSearch } from "./linearization_search.ts";
import type { Model, Operation } from "./model.ts";

/** Why a history is illegal. Operations are places in the history, in the order of calls. */
export interface Failure {
  /** The key of the operations. */
  readonly key: string;
  /** The history becomes illegal at the moment this operation returns. */
  readonly culprit: number;
  /** Operations that cannot all have returned these outputs. */
  readonly operations: readonly number[];
  /** Operations that may or may not have taken effect; neither choice makes the rest legal. */
  readonly optional: readonly number[];
  /** Descriptions of all states that were possible before the first of the operations. */
  readonly start: readonly string[];
}

/** Options of {@linkcode shrinkFailure}. */
export interface ShrinkOptions {
  readonly key: string;
  /** The operations on that key, as places in the history. */
  readonly indexes: readonly number[];
  /** Whether to stop early; the failure found by then is larger but correct. */
  readonly isExpired: () => boolean;
}

/** A part of the history that may be illegal. */
interface Part<State> {
  /** Operations called after the beginning. */
  readonly later: readonly number[];
  /** The possible states at the beginning, each with the operations yet to take effect. */
  readonly beginnings: readonly Configuration<State>[];
  /** Operations whose output is ignored: they may or may not have taken effect. */
  readonly unknown: ReadonlySet<number>;
  /** Operations left out. */
  readonly dropped: ReadonlySet<number>;
}

/** More possible beginnings than this would not help a reader. */
const BEGINNINGS_MAX = 200;
/** How many later beginnings to try before keeping the history from its start. */
const CUTS_MAX = 20;
const SLICE_STEPS = 4096;

/** Finds the smallest part of an illegal history that proves it is illegal. */
export function shrinkFailure<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: ShrinkOptions,
): Failure {
  const shrinker = new Shrinker(model, history, options.isExpired);
  const ended = shrinker.endEarly(options.indexes);
  const part = shrinker.weaken(shrinker.beginLate(ended.part, ended.culprit));
  const byCall = (a: number, b: number): number => history[a]!.call - history[b]!.call || a - b;
  const members = membersOf(part).sort(byCall);
  const isOptional = (place: number): boolean =>
    part.unknown.has(place) || history[place]!.output === null;
  return {
    key: options.key,
    culprit: ended.culprit,
    operations: members.filter((place) => !isOptional(place)),
    // An operation whose output says that it changed nothing cannot help to explain the rest.
    optional: members.filter((place) =>
      isOptional(place) && !model.isReadOnly(history[place]!.input, history[place]!.output)
    ),
    start: [...new Set(part.beginnings.map(({ state }) => model.describeState(state)))],
  };
}

function membersOf<State>(part: Part<State>): number[] {
  const members = new Set(part.later);
  for (const { unused } of part.beginnings) unused.forEach((place) => members.add(place));
  return [...members].filter((place) => !part.dropped.has(place));
}

class Shrinker<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #history: readonly Operation<Input, Output>[];
  readonly #isExpired: () => boolean;

  constructor(
    model: Model<State, Input, Output>,
    history: readonly Operation<Input, Output>[],
    isExpired: () => boolean,
  ) {
    this.#model = model;
    this.#history = history;
    this.#isExpired = isExpired;
  }

  /** Every prefix of a legal history is legal, so bisection finds the first illegal prefix. */
  endEarly(indexes: readonly number[]): { readonly part: Part<State>; readonly culprit: number } {
    const returned = indexes.filter((place) => this.#history[place]!.output !== null)
      .sort((a, b) => this.#history[a]!.return! - this.#history[b]!.return! || a - b);
    const prefix = (count: number): Part<State> => {
      const required = new Set(returned.slice(0, count));
      const end = this.#history[returned[count - 1]!]!.return!;
      const later = indexes.filter((place) =>
        required.has(place) || (this.#history[place]!.call <= end && this.#canChange(place))
      );
      const unknown = new Set(later.filter((place) => !required.has(place)));
      const beginnings = [{ state: this.#model.init(), unused: [] }];
      return { later, unknown, beginnings, dropped: new Set() };
    };
    let low = 1;
    let high = returned.length;
    while (low < high && !this.#isExpired()) {
      const middle = (low + high) >> 1;
      if (this.#isIllegal(prefix(middle))) high = middle;
      else low = middle + 1;
    }
    return { part: prefix(high), culprit: returned[high - 1]! };
  }

  /** Replaces the operations before the culprit's call by all states they can have led to. */
  beginLate(part: Part<State>, culprit: number): Part<State> {
    const returnOf = (place: number): number => {
      const { output, return: end } = this.#history[place]!;
      return output === null || part.unknown.has(place) ? Infinity : end!;
    };
    const cuts = part.later.map(returnOf)
      .filter((time) => time < this.#history[culprit]!.call).sort((a, b) => b - a);
    for (const cut of [...new Set(cuts)].slice(0, CUTS_MAX)) {
      const before = part.later.filter((place) => this.#history[place]!.call <= cut);
      const open = new Set(before.filter((place) => returnOf(place) > cut));
      const beginnings = this.#endings({ ...part, later: before }, open);
      if (beginnings === null) continue;
      const later = part.later.filter((place) => this.#history[place]!.call > cut);
      const cutPart = { ...part, later, beginnings };
      // Holds by construction unless time ran out; then the larger part is still correct.
      if (this.#isIllegal(cutPart)) return cutPart;
    }
    return part;
  }

  /** Leaves out reads and ignores outputs of other operations, first many at once. */
  weaken(part: Part<State>): Part<State> {
    let best = part;
    const required = (): number[] => membersOf(best).filter((place) => !best.unknown.has(place));
    for (let size = required().length >> 1; size >= 1; size >>= 1) {
      for (let from = 0; from < required().length;) {
        if (this.#isExpired()) return best;
        const group = required().slice(from, from + size);
        const dropped = new Set(best.dropped);
        const unknown = new Set(best.unknown);
        for (const place of group) (this.#canChange(place) ? unknown : dropped).add(place);
        const candidate = { ...best, dropped, unknown };
        if (this.#isIllegal(candidate)) best = candidate;
        else from += size;
      }
    }
    return best;
  }

  /** All possible states after the part; `null` when there are too many to find or to show. */
  #endings(part: Part<State>, open: ReadonlySet<number>): Configuration<State>[] | null {
    const search = this.#search(part, part.beginnings[0]!, open);
    const found = new Map<string, Configuration<State>>();
    while (!this.#isExpired()) {
      const outcome = search.run(SLICE_STEPS);
      if (outcome === "illegal") return [...found.values()];
      if (outcome === "paused") continue;
      const configuration = search.configuration();
      const key = `${configuration.unused}:${this.#model.key(configuration.state)}`;
      found.set(key, configuration);
      if (found.size > BEGINNINGS_MAX) return null;
    }
    return null;
  }

  /** Whether the part is proven illegal; false also when time has run out. */
  #isIllegal(part: Part<State>): boolean {
    return part.beginnings.every((beginning) => {
      const search = this.#search(part, beginning);
      while (!this.#isExpired()) {
        const outcome = search.run(SLICE_STEPS);
        if (outcome !== "paused") return outcome === "illegal";
      }
      return false;
    });
  }

  #search(
    part: Part<State>,
    beginning: Configuration<State>,
    open: ReadonlySet<number> = new Set(),
  ): LinearizationSearch<State, Input, Output> {
    const indexes = [...beginning.unused, ...part.later]
      .filter((place) => !part.dropped.has(place));
    return new LinearizationSearch(this.#model, this.#history, {
      indexes,
      open,
      unknown: part.unknown,
      start: beginning.state,
    });
  }

  #canChange(place: number): boolean {
    return !this.#model.isReadOnly(this.#history[place]!.input, null);
  }
}
