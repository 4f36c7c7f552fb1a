/**
 * Why a batch changes nothing.
 *
 * @module
 */

/** A batch cannot be executed as it is. */
export class InvalidBatch extends Error {
  override name = "InvalidBatch";
}
