/**
 * What the page of a seed carries to its script. Only types, and without imports, since the script
 * is checked against a browser instead of Deno.
 *
 * @module
 */

/** One message; the names are short since there are many. */
export interface SeedMessage {
  /** When it was sent, and when it arrived or was lost, in milliseconds. */
  readonly s: number;
  readonly e: number;
  /** Columns of sender and receiver. */
  readonly a: number;
  readonly b: number;
  /** The place of its kind in `kinds`. */
  readonly k: number;
  /** 1: it was lost; 0: it arrived; 2: it was still under way at the end. */
  readonly x: 0 | 1 | 2;
  /** Label. */
  readonly l: string;
}

/** A node from this moment on. */
export interface SeedState {
  readonly t: number;
  readonly role: string;
  readonly term: number;
  readonly base: number;
  readonly last: number;
  readonly commit: number;
  readonly applied: number;
}

/** A time in which a node was down or paused; also what happened at a moment. */
export interface SeedBand {
  readonly kind: "crash" | "pause" | "note";
  /** The column; -1: it concerns all. */
  readonly node: number;
  readonly s: number;
  readonly e: number;
  readonly text: string;
}

/** A time in which links were cut. */
export interface SeedCut {
  readonly s: number;
  readonly e: number;
  /** Columns of sender and receiver of each. */
  readonly links: readonly (readonly [number, number])[];
}

/** Everything that the script draws. */
export interface SeedData {
  /** The names of the columns. */
  readonly nodes: readonly string[];
  readonly kinds: readonly string[];
  /** In the order in which they were sent. */
  readonly messages: readonly SeedMessage[];
  /** For each column, in order. */
  readonly states: readonly (readonly SeedState[])[];
  readonly bands: readonly SeedBand[];
  readonly cuts: readonly SeedCut[];
  readonly from: number;
  readonly to: number;
  /** The moment of the violation; `null`: there is none. */
  readonly failedAt: number | null;
  /** How many events are not shown since there are too many. */
  readonly leftOut: number;
}
