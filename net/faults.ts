/**
 * Faults of the network as data: the same value steers the simulated network and the transport of
 * a real node. Pure: what happens to a message follows from the value and a random function.
 *
 * @module
 */

import type { NodeId } from "../raft/types.ts";

/** One direction between two nodes. */
export interface Link {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** An extra wait before delivery, in milliseconds. */
export type Delay =
  | { readonly kind: "none" }
  | { readonly kind: "uniform"; readonly minMs: number; readonly maxMs: number }
  /** Mostly near the mean, seldom up to the maximum. */
  | { readonly kind: "longTail"; readonly meanMs: number; readonly maxMs: number };

/** What may happen to one message. Probabilities are from 0 to 1. */
export interface Disturbance {
  readonly drop: number;
  readonly duplicate: number;
  readonly delay: Delay;
  /** How likely a message is held back, by how much: later ones overtake it. */
  readonly reorder: { readonly probability: number; readonly delay: Delay };
}

/** Everything that is wrong with the network at the moment. */
export interface Faults {
  /** Directions in which nothing arrives. */
  readonly blocked: readonly Link[];
  /** What happens to requests, on every link that is not listed in `links`. */
  readonly request: Disturbance;
  /** What happens to replies (the messages whose type ends in `Reply`), likewise. */
  readonly reply: Disturbance;
  /** Links that suffer differently, in both requests and replies. */
  readonly links: readonly (Link & { readonly disturbance: Disturbance })[];
  /** Bandwidth of each direction, or `null` for as much as there is. */
  readonly bytesPerSecondMax: number | null;
}
