/**
 * What the checker is given: how a single copy of the data behaves, and what clients recorded.
 *
 * @module
 */

/** The behaviour of a single copy of the data. States are immutable values. */
export interface Model<State, Input, Output> {
  /** What histories call it. */
  readonly name: string;
  /** The state before the first operation. */
  init(): State;
  /**
   * The state after the operation, or `undefined` when the output is impossible in this state. An
   * output of `null` is an unknown outcome: every output is possible.
   */
  step(state: State, input: Input, output: Output | null): State | undefined;
  /** Equal for equal states and for no others. */
  key(state: State): string;
  /** Operations of different parts do not influence each other and are checked separately. */
  partition(input: Input): string;
  /** Whether {@linkcode step} never changes the state when it accepts the operation. */
  isReadOnly(input: Input, output: Output | null): boolean;
  /** A short description, such as `put k=a v0 → OK`. */
  describe(input: Input, output: Output | null): string;
  /** A short description, such as `k = a, version 1`. */
  describeState(state: State): string;
}

/** One operation as its client recorded it. */
export interface Operation<Input, Output> {
  /** Tells clients apart; means nothing to the checker. */
  readonly client: number;
  /** In milliseconds from any origin. */
  readonly call: number;
  /** `null`: the client received no reply, or crashed. */
  readonly return: number | null;
  /** What was asked for. */
  readonly input: Input;
  /** `null`: the outcome is unknown, even when the client gave up at a known time. */
  readonly output: Output | null;
}
