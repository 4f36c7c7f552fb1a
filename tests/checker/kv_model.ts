/**
 * The key/value store with versions, as the checker sees it: what one copy of it answers.
 *
 * Two judges: the strict one compares everything a reply says; the lab's compares only the value of
 * a get. `ErrMaybe` means "executed or not": placed where the version matches, the put counts as
 * executed; elsewhere it has no effect. Of a version that was read
 * the clerk says it only when that version was used up, so an execution lies before the return. A put
 * without any reply, or whose version was a guess, may be executed later: its output is `null`.
 *
 * @module
 */

import type { Model } from "./search/mod.ts";

/** A request to the store. */
export type KvInput =
  | { readonly op: "get"; readonly key: string }
  | { readonly op: "put"; readonly key: string; readonly value: string; readonly version: number };

/** What the clerk reported. A get of an absent key has the value "" and the version 0. */
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

/** One key. Version 0: absent. */
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

/** The lab's own rules: of a get only the value counts, and no put may answer `ErrNoKey`. */
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
