/**
 * Histories that are linearizable by construction, for tests of the checker: operations of clients
 * overlap, and a single store executes each at one moment between its call and its return.
 *
 * Pure: the result depends only on the options and the random function.
 *
 * @module
 */

import type { Random } from "../../../raft/mod.ts";
import type { Model, Operation } from "./model.ts";

/** Options of {@linkcode randomHistory}. */
export interface RandomHistoryOptions<Input, Output> {
  readonly clients: number;
  readonly operations: number;
  /** The probability that a reply is lost; half of those operations take effect. @default 0 */
  readonly lost?: number;
  /** The next request of a client, given the last output it received. */
  readonly request: (client: number, seen: Output | null) => Input;
}

/** A model that can also produce outputs. */
export interface Machine<State, Input, Output> {
  readonly model: Model<State, Input, Output>;
  readonly answer: (state: State, input: Input) => Output;
}

interface Ongoing<Input, Output> {
  readonly client: number;
  readonly call: number;
  readonly input: Input;
  readonly isLost: boolean;
  execute: number;
  return: number;
  output: Output | null;
}

/** Simulates the clients; the history is in the order of calls. */
export function randomHistory<State, Input, Output>(
  machine: Machine<State, Input, Output>,
  random: Random,
  options: RandomHistoryOptions<Input, Output>,
): Operation<Input, Output>[] {
  const { model, answer } = machine;
  const states = new Map<string, State>();
  const history: Ongoing<Input, Output>[] = [];
  const ongoing: Ongoing<Input, Output>[] = [];
  const seen: (Output | null)[] = Array.from({ length: options.clients }, () => null);
  // Every client has one next event: call, execute or return.
  const start = (client: number, after: number): void => {
    if (history.length === options.operations) return;
    const call = round(after + random() * 4);
    const execute = call + random() * 8;
    const operation: Ongoing<Input, Output> = {
      client,
      call,
      input: options.request(client, seen[client]!),
      isLost: random() < (options.lost ?? 0),
      execute,
      return: round(execute + random() * 8),
      output: null,
    };
    history.push(operation);
    ongoing.push(operation);
  };
  const execute = (operation: Ongoing<Input, Output>): void => {
    const key = model.partition(operation.input);
    const state = states.get(key) ?? model.init();
    operation.output = answer(state, operation.input);
    states.set(key, model.step(state, operation.input, operation.output)!);
    operation.execute = Infinity;
  };
  for (let client = 0; client < options.clients; client++) start(client, 0);
  while (ongoing.length > 0) {
    const next = ongoing.reduce((a, b) => timeOf(a) <= timeOf(b) ? a : b);
    if (next.execute !== Infinity) {
      if (!next.isLost || random() < 0.5) execute(next);
      next.execute = Infinity;
      continue;
    }
    ongoing.splice(ongoing.indexOf(next), 1);
    if (!next.isLost) seen[next.client] = next.output;
    start(next.client, next.return);
  }
  return history.map((operation) => ({
    client: operation.client,
    call: operation.call,
    return: operation.isLost ? null : operation.return,
    input: operation.input,
    output: operation.isLost ? null : operation.output,
  })).sort((a, b) => a.call - b.call);
}

function timeOf<Input, Output>(operation: Ongoing<Input, Output>): number {
  return operation.execute === Infinity ? operation.return : operation.execute;
}

/** Whole microseconds, which makes equal times possible and files short. Rounds up. */
function round(timeMs: number): number {
  return Math.ceil(timeMs * 1000) / 1000;
}
