/**
 * Stand-in for the part of `@std/msgpack` that we use, for machines that reach the npm registry
 * only. Same bytes, same values, same refusals. What both must agree on is written down in
 * `tests/std_msgpack_test.ts`.
 *
 * @module
 */

export { encode, type ValueMap, type ValueType } from "./encode.ts";
export { decode } from "./decode.ts";
