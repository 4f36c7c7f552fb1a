/**
 * What the live page gets from its server. Only types, and without imports, since the page's script
 * is checked against a browser instead of Deno.
 *
 * @module
 */

/** How a follower stands, as its leader knows it. */
export interface PagePeer {
  readonly id: number;
  readonly match: number;
  readonly active: boolean;
  readonly mode: string;
}

/** One node. */
export interface PageNode {
  readonly id: number;
  /** Whether it answers. Everything below is what it said last. */
  readonly up: boolean;
  /** Whether its process is there; `null`: other programs run it. */
  readonly isRunning: boolean | null;
  readonly isPaused: boolean;
  readonly role: string;
  readonly term: number;
  readonly leader: number | null;
  readonly base: number;
  readonly last: number;
  readonly durable: number;
  readonly commit: number;
  readonly applied: number;
  readonly peers: readonly PagePeer[];
  readonly pauseMs: number;
  readonly saveMs: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly uptimeMs: number;
  /** Since its start: how many requests, and how many milliseconds they took together. */
  readonly reads: readonly [count: number, ms: number];
  readonly writes: readonly [count: number, ms: number];
}

/** When the leader of a term was known first. */
export interface PageLeader {
  readonly at: number;
  readonly term: number;
  readonly leader: number;
}

/** The state of the cluster at a moment. */
export interface PageState {
  readonly at: number;
  /** Milliseconds since 1970, by the clock of the server. */
  readonly wall: number;
  /** The latest leaders, oldest first, also those before the page was opened. */
  readonly leaders: readonly PageLeader[];
  readonly cluster: string;
  /** Whether faults can be injected here. */
  readonly canControl: boolean;
  readonly nodes: readonly PageNode[];
  /** Links whose messages are dropped, in one direction each. */
  readonly blocked: readonly (readonly [from: number, to: number])[];
  /** Delays of links in milliseconds, in one direction each. */
  readonly delays: readonly (readonly [from: number, to: number, ms: number])[];
  /** Whether messages are lost and delayed everywhere. */
  readonly isNoisy: boolean;
  /** Whether this server makes load. */
  readonly hasLoad: boolean;
}
