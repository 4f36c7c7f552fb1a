/**
 * The state of each peer as its leader knows it, and the messages to it.
 *
 * @module
 */

export { ByteImages } from "./byte_images.ts";
export { isBulk } from "./bulk.ts";
export { Peers } from "./peers.ts";
export { Progress } from "./progress.ts";
