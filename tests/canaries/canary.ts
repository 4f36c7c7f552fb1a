/**
 * A canary is a planted bug: a small patch to the source, and the checks that must notice it. `deno
 * task canary` plants each in a copy of the tree; the product itself has no switch for any of them.
 *
 * @module
 */

/** One bug to plant. */
export interface Canary {
  /** The rule it breaks: a code of docs/rules.md (`L1`, `S3`, …), or a few words. */
  readonly rule: string;
  /** What the product does wrong with it. */
  readonly bug: string;
  /** Path of the file to change, relative to the root of the project. */
  readonly file: string;
  /** The text to replace, which occurs exactly once in the file. */
  readonly find: string;
  /** The replacement. */
  readonly replace: string;
  /**
   * The checks that can notice it, most promising first, each a command line: `lab 3B --seeds 20`
   * and `sim seeds 200` run scenarios and the swarm, everything else is passed to `deno test`.
   */
  readonly caughtBy: readonly string[];
}

/** Why the patch does not fit the text of its file; `null` if it fits. */
export function misfit({ rule, bug, file, find, replace }: Canary, text: string): string | null {
  const places = text.split(find).length - 1;
  if (places === 1 && find !== replace) return null;
  return `Cannot plant ${rule} (${bug}): wanted its text once in ${file}, got ${places}`;
}

/**
 * Whether a check failed on a violation. Code that does not load or fails with a type error has not
 * been noticed by a check.
 */
export function isViolation(
  { code, output }: { readonly code: number; readonly output: string },
): boolean {
  if (code === 0) return false;
  const broken = /\b(AssertionError|InvariantError|Violation)\b|^--- FAIL: /m;
  const stumbled = /\b(SyntaxError|ReferenceError|Module not found)\b/;
  const escaped = output.includes("(uncaught error)") && !/\bInvariantError\b/.test(output);
  const typeError = /^\s*(error: )?(Uncaught )?(\(in promise\) )?TypeError\b/m;
  return broken.test(output) && !stumbled.test(output) && !escaped && !typeError.test(output);
}
