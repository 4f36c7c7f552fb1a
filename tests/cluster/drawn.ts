/**
 * An image, drawn in one go.
 *
 * @module
 */

import type { Image } from "../../raft/mod.ts";

/** Takes all steps of an image that is being drawn. */
export function drawn(image: Image): Uint8Array {
  for (;;) {
    const step = image.next();
    if (step.done) return step.value;
  }
}
