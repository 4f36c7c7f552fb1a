/**
 * Registers with read, write and compare-and-set, for histories of other systems.
 *
 * A failed compare-and-set changes nothing. Every key is `null` at first.
 *
 * @module
 */

import type { Model } from "./search/mod.ts";

/** The value of a register. */
export type Scalar = string | number | boolean | null;

/** A request to one register. */
export type RegisterInput =
  | { readonly op: "read"; readonly key: string }
  | { readonly op: "write"; readonly key: string; readonly value: Scalar }
  | { readonly op: "cas"; readonly key: string; readonly from: Scalar; readonly to: Scalar };

/** The reply of a register. */
export type RegisterOutput =
  | { readonly op: "read"; readonly value: Scalar }
  | { readonly op: "write" }
  | { readonly op: "cas"; readonly ok: boolean };

/** The state of one register; an object, since `null` is a possible value. */
export interface RegisterState {
  readonly value: Scalar;
}

/** Read, write and compare-and-set on named registers. */
export const registerModel: Model<RegisterState, RegisterInput, RegisterOutput> = {
  name: "register",
  init: () => ({ value: null }),
  step: (state, input, output) => {
    if (output !== null && output.op !== input.op) return undefined;
    switch (input.op) {
      case "read": {
        const isEqual = output === null ||
          (output.op === "read" && output.value === state.value);
        return isEqual ? state : undefined;
      }
      case "write":
        return { value: input.value };
      case "cas": {
        const isSet = state.value === input.from;
        if (output !== null && output.op === "cas" && output.ok !== isSet) return undefined;
        return isSet ? { value: input.to } : state;
      }
    }
  },
  key: ({ value }) => JSON.stringify(value),
  partition: ({ key }) => key,
  isReadOnly: (input, output) =>
    input.op === "read" ||
    (input.op === "cas" && output !== null && output.op === "cas" && !output.ok),
  describe: (input, output) => {
    switch (input.op) {
      case "read":
        return `read ${input.key} → ${output?.op === "read" ? JSON.stringify(output.value) : "?"}`;
      case "write":
        return `write ${input.key} = ${JSON.stringify(input.value)}${
          output === null ? " → ?" : ""
        }`;
      case "cas": {
        const call = `cas ${input.key} ${JSON.stringify(input.from)} to ${
          JSON.stringify(input.to)
        }`;
        return `${call} → ${output?.op !== "cas" ? "?" : output.ok ? "set" : "refused"}`;
      }
    }
  },
  describeState: ({ value }) => JSON.stringify(value),
};
