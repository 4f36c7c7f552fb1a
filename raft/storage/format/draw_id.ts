/**
 * New ids of clusters and of folders.
 *
 * @module
 */

/** Thirty-two hexadecimal digits that no one else has. */
export function drawId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
