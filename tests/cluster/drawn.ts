/**
 * Work in steps, all at once.
 *
 * @module
 */

import type { Image, Steps } from "../../raft/mod.ts";

/** Takes all steps of an image and returns its bytes. */
export function drawn(image: Image): Uint8Array {
  for (;;) {
    const step = image.next();
    if (step.done) return step.value;
  }
}

/** Takes all steps. */
export function finish(steps: Steps): void {
  while (!steps.next().done);
}
