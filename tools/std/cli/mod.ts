/**
 * Stand-in for the part of `@std/cli` that this project uses, for machines without JSR.
 * `tests/std/std_cli_test.ts` tests both.
 *
 * @module
 */

export { type Args, parseArgs, type ParseOptions } from "./parse_args.ts";
export { unicodeWidth } from "./unicode_width.ts";
