/**
 * What a canary is: a bug that we plant on purpose, to see that our tests would have found it.
 *
 * @module
 */

/** One bug and who finds it. */
export interface Canary {
  /** The rule it breaks, by its short name in the bug catalogue or in words. */
  readonly rule: string;
  /** What the bug does, in a sentence. */
  readonly bug: string;
  /** The file it is planted in, from the root of the project. */
  readonly file: string;
  /** The exact text to replace, which occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The test files that are run; at least one must fail. */
  readonly caughtBy: readonly string[];
}
