/**
 * The checker's oracle: tries every order. It shares only the model's `step` with the real checker:
 * it has no partitions, no cache, no list of events and no knowledge of read-only operations, and
 * is fast enough only for a handful of operations.
 *
 * @module
 */

import type { Model, Operation } from "./model.ts";

/** Whether a single copy of the data could have executed the operations in some order. */
export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const extend = (left: readonly Operation<Input, Output>[], states: Map<string, State>): boolean =>
    left.every(({ output }) => output === null) ||
    left.some((operation) => {
      // An operation that returned before this call must have been placed already.
      const isTooEarly = left.some((other) =>
        other.output !== null && other.return! < operation.call
      );
      if (isTooEarly) return false;
      const key = model.partition(operation.input);
      const state = states.get(key) ?? model.init();
      const next = model.step(state, operation.input, operation.output);
      if (next === undefined) return false;
      return extend(left.filter((other) => other !== operation), new Map(states).set(key, next));
    });
  return extend(history, new Map());
}

/** Whether the order is a witness: complete, in real time, and accepted by the model throughout. */
export function isWitness<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  options: { readonly order: readonly number[]; readonly members: readonly number[] },
): boolean {
  const { order, members } = options;
  const placed = new Set(order);
  if (placed.size !== order.length) return false;
  if (members.some((place) => history[place]!.output !== null && !placed.has(place))) return false;
  let state = model.init();
  let latestCall = -Infinity;
  for (const place of order) {
    const operation = history[place]!;
    // The operation takes effect after all calls placed so far, so it must return after them.
    latestCall = Math.max(latestCall, operation.call);
    if (operation.output !== null && operation.return! < latestCall) return false;
    const next = model.step(state, operation.input, operation.output);
    if (next === undefined) return false;
    state = next;
  }
  return true;
}
