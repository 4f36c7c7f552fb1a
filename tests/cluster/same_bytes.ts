/**
 * Equality of bytes.
 *
 * @module
 */

/** Whether both have equal bytes, or both are `null`. */
export function isSameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === right) return true;
  if (left === null || right === null || left.length !== right.length) return false;
  for (let place = 0; place < left.length; place++) {
    if (left[place] !== right[place]) return false;
  }
  return true;
}
