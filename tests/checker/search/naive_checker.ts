/**
 * The checker's oracle: tries every order. Shares nothing with the real one but the model's step: no
 * partition, no cache, no list of events, no knowledge of read-only operations. Only for a handful
 * of operations.
 *
 * @module
 */

import type { Model, Operation } from "./linearizability.ts";

/** Whether some order of the operations is one that a single copy of the data could execute. */
export function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): boolean {
  const extend = (left: readonly Operation<Input, Output>[], states: Map<string, State>): boolean =>
    left.every(({ output }) => output === null) ||
    left.some((operation) => {
      // Nothing that returned before this call may still be waiting for its turn.
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
    // Its point lies after all calls placed so far, so it must not have returned before them.
    latestCall = Math.max(latestCall, operation.call);
    if (operation.output !== null && operation.return! < latestCall) return false;
    const next = model.step(state, operation.input, operation.output);
    if (next === undefined) return false;
    state = next;
  }
  return true;
}
