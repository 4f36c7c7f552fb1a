/**
 * A broken promise of our own. Nobody catches an {@linkcode InvariantError}: the process dies and is
 * restarted from its disk, because memory that broke a promise once is not worth trusting.
 *
 * @module
 */

/** The program is wrong, not its input. Never caught. */
export class InvariantError extends Error {
  /** The name of this class of errors. */
  override readonly name = "InvariantError";
}

/** Throws an {@linkcode InvariantError} unless the condition holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
