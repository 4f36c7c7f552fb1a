/**
 * Stand-in for the part of `@std/cli` that we use, for machines that reach the npm registry only.
 * What both must agree on is written down in `tests/std_cli_test.ts`.
 *
 * @module
 */

export { type Args, parseArgs, type ParseOptions } from "./parse_args.ts";
export { unicodeWidth } from "./unicode_width.ts";
