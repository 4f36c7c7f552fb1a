/**
 * The checker's model of the key/value store with versions: the replies of a single copy.
 *
 * There are two models: the strict one compares every field of a reply, the lab's model of a get
 * only the value. `ErrMaybe` means "executed or not": where the version matches, the put counts as
 * executed; elsewhere it has no effect. For a version that was read, the clerk returns `ErrMaybe`
 * only after another write has used that version, so any execution comes before the return. A put
 * without a reply, or with a guessed version, may be executed later: its output is `null`.
 *
 * @module
 */

import type { Model } from "./search/mod.ts";

/** A request to the store. */
export type KvInput =
  | { readonly op: "get"; readonly key: string }
  | { readonly op: "put"; readonly key: string; readonly value: string; readonly version: number };

/** The clerk's result. A get of an absent key has the value "" and the version 0. */
export type KvOutput =
  | {
    readonly op: "get";
    readonly error: "OK" | "ErrNoKey";
    readonly value: string;
    readonly version: number;
  }
  | { readonly op: "put"; readonly error: "OK" | "ErrNoKey" | "ErrMaybe" }
  /** The version that the server found, where the history has it. */
  | { readonly op: "put"; readonly error: "ErrVersion"; readonly version?: number };

/** The state of one key; version 0 means that it is absent. */
export interface KvState {
  readonly value: string;
  readonly version: number;
}

const ABSENT: KvState = { value: "", version: 0 };

/** Compares value, version and error of every reply. */
export const kvModel: Model<KvState, KvInput, KvOutput> = {
  name: "kv",
  init: () => ABSENT,
  step: (state, input, output) => {
    if (input.op === "put") return stepPut(state, input, output);
    if (output === null) return state;
    if (output.op !== "get") return undefined;
    const error = state.version === 0 ? "ErrNoKey" : "OK";
    const isEqual = output.error === error && output.value === state.value &&
      output.version === state.version;
    return isEqual ? state : undefined;
  },
  key: ({ value, version }) => `${version} ${value}`,
  partition: ({ key }) => key,
  isReadOnly: (input, output) =>
    input.op === "get" || (output !== null && output.error !== "OK" && output.error !== "ErrMaybe"),
  describe,
  describeState: ({ value, version }) => version === 0 ? "absent" : `${quote(value)} v${version}`,
};

/** The lab's rules: of a get only the value is compared, and no put may return `ErrNoKey`. */
export const kvLabModel: Model<KvState, KvInput, KvOutput> = {
  ...kvModel,
  name: "kv-lab",
  step: (state, input, output) => {
    if (input.op === "put") {
      if (output === null || output.error === "ErrMaybe") return stepMaybe(state, input);
      const error = input.version === state.version ? "OK" : "ErrVersion";
      return output.error === error ? stepMaybe(state, input) : undefined;
    }
    if (output === null) return state;
    return output.op === "get" && output.value === state.value ? state : undefined;
  },
};

type KvPut = Extract<KvInput, { readonly op: "put" }>;

function stepPut(state: KvState, input: KvPut, output: KvOutput | null): KvState | undefined {
  if (output === null || output.error === "ErrMaybe") return stepMaybe(state, input);
  const mismatch = state.version === 0 ? "ErrNoKey" : "ErrVersion";
  const error = input.version === state.version ? "OK" : mismatch;
  if (output.op !== "put" || output.error !== error) return undefined;
  const found = output.error === "ErrVersion" ? output.version : undefined;
  return found === undefined || found === state.version ? stepMaybe(state, input) : undefined;
}

function stepMaybe(state: KvState, input: KvPut): KvState {
  return input.version === state.version
    ? { value: input.value, version: state.version + 1 }
    : state;
}

function describe(input: KvInput, output: KvOutput | null): string {
  if (input.op === "put") {
    const call = `put ${input.key} = ${quote(input.value)} at v${input.version}`;
    if (output === null) return `${call} → ?`;
    const found = output.op === "put" && output.error === "ErrVersion" ? output.version : undefined;
    return `${call} → ${output.error}${found === undefined ? "" : ` (v${found})`}`;
  }
  if (output === null) return `get ${input.key} → ?`;
  if (output.op !== "get" || output.error !== "OK") return `get ${input.key} → ${output.error}`;
  return `get ${input.key} → ${quote(output.value)} v${output.version}`;
}

function quote(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value);
}
