/**
 * Assertions of the program's own invariants. An {@linkcode InvariantError} is never caught: the
 * process ends and is restarted from its disk, because its memory can no longer be trusted.
 *
 * @module
 */

/** A bug in the program, not in its input. Never caught. */
export class InvariantError extends Error {
  /** The name of this class of errors. */
  override readonly name = "InvariantError";
}

/** Throws an {@linkcode InvariantError} unless the condition holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
