/**
 * What the timeline page carries to its script. Only types, and without imports, since the script is
 * checked against a browser instead of Deno.
 *
 * @module
 */

/** How an operation is drawn. */
export type Kind = "read" | "write" | "refused" | "unknown";

/** One bar; the names are short since there are many. */
export interface Bar {
  /** Row. */
  readonly r: number;
  /** Start and end, in milliseconds. */
  readonly s: number;
  readonly e: number;
  readonly k: Kind;
  /** Label. */
  readonly l: string;
  /** Number of the key. */
  readonly q: number;
  /** 2: the culprit; 1: the failing part; 0.5: optional in it. */
  readonly f: number;
  /** The place in the order that was found, and when it took effect in it; `null`: in none. */
  readonly o: number | null;
  readonly p: number | null;
}

/** A fault or a note; a moment ends when it starts. */
export interface PageBand {
  readonly kind: "partition" | "crash" | "pause" | "network" | "info";
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Everything that the script draws. */
export interface PageData {
  readonly bars: readonly Bar[];
  /** The names of the rows; "" continues the client of the row before. */
  readonly rows: readonly string[];
  readonly keys: readonly {
    readonly key: string;
    readonly verdict: "ok" | "illegal" | "unknown";
  }[];
  readonly bands: readonly PageBand[];
  /** The first and the last moment. */
  readonly from: number;
  readonly to: number;
}
