/**
 * What a leader knows of each peer, and what it sends it next.
 *
 * @module
 */

export { isBulk } from "./bulk.ts";
export { Progress, quorumValue } from "./progress.ts";
export { Transfer } from "./transfer.ts";
