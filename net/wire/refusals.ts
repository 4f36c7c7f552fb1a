/**
 * Counts refusals for every reason, and logs them for every source at most once in some seconds, so
 * that no stranger can fill the disk through the log.
 *
 * Invariants: every refusal is counted; the memory does not grow with the number of sources.
 *
 * @module
 */

/** The reason why something from outside was refused. */
export type Refusal =
  /** Bytes that are not a frame, or a frame that is not a value. */
  | "garbage"
  /** A length beyond the limit. */
  | "frameTooLarge"
  /** A first frame that is not a hello. */
  | "badHello"
  /** A first frame of a protocol version that this node does not support. */
  | "wrongVersion"
  /** A client at the port for peers, or a peer at the port for clients. */
  | "wrongPort"
  /** The hello, or a frame that had begun, took too long. */
  | "tooSlow"
  | "wrongCluster"
  /** A node with another folder than its entry in the list of members names. */
  | "otherFolder"
  /** A member's earlier folder, which another one has replaced. */
  | "replaced"
  /** A node whose folder holds less than an earlier run of it did. */
  | "olderCopy"
  /** One of the two nodes belongs to no cluster yet. */
  | "unborn"
  /** A node that belongs to no cluster, and is no member of this one. */
  | "notAMember"
  /** A peer whose members differ from this node's, so that its majorities differ too. */
  | "otherMembers"
  /** A sender that is not a member, or one that meant another node. */
  | "notAPeer"
  /** A connection of an earlier run of the peer, or an older one of this run. */
  | "earlierRun"
  /** A value that is not a known message, or names a wrong sender. */
  | "badMessage"
  /** Too many connections. */
  | "tooMany"
  /** Silence for too long. */
  | "silent"
  /** A receiver that does not read its replies. */
  | "slowReader"
  /** Too many requests at once. */
  | "overloaded"
  /** The system has no more sockets to give. */
  | "acceptFailed";

/** Options of {@linkcode Refusals}. */
export interface RefusalsOptions {
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** The least time between two lines about one source. @default {5000} */
  readonly logEveryMs?: number;
  /** The number of sources with lines of their own; all others share one. @default {1000} */
  readonly sourcesMax?: number;
}

interface Source {
  loggedAt: number;
  /** Refusals since the last line. */
  unmentioned: number;
}

/** Counts refusals, and logs some of them. */
export class Refusals {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  readonly #logEveryMs: number;
  readonly #sourcesMax: number;
  readonly #counts = new Map<Refusal, number>();
  readonly #sources = new Map<string, Source>();

  /** Starts with all counters at zero. */
  constructor(options: RefusalsOptions) {
    this.#log = options.log;
    this.#now = options.now;
    this.#logEveryMs = options.logEveryMs ?? 5000;
    this.#sourcesMax = options.sourcesMax ?? 1000;
  }

  /**
   * The address of a source without its port, as all connections of one machine count as one
   * source.
   */
  count(refusal: Refusal, from: { readonly source: string; readonly detail: string }): void {
    this.#counts.set(refusal, (this.#counts.get(refusal) ?? 0) + 1);
    const now = this.#now();
    const source = this.#source(from.source, now);
    if (now - source.loggedAt < this.#logEveryMs) {
      source.unmentioned += 1;
      return;
    }
    const more = source.unmentioned === 0 ? "" : ` (and ${source.unmentioned} more from there)`;
    source.loggedAt = now;
    source.unmentioned = 0;
    this.#log(`refused ${from.source}: ${refusal}: ${from.detail}${more}`);
  }

  /** How often each reason occurred. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #source(name: string, now: number): Source {
    const known = this.#sources.get(name);
    if (known !== undefined) return known;
    if (this.#sources.size >= this.#sourcesMax) this.#forget(now);
    const key = this.#sources.size < this.#sourcesMax ? name : "others";
    const source = this.#sources.get(key) ?? { loggedAt: -Infinity, unmentioned: 0 };
    this.#sources.set(key, source);
    return source;
  }

  /** Makes room by dropping sources whose next refusal would be logged anyway. */
  #forget(now: number): void {
    for (const [name, source] of this.#sources) {
      if (now - source.loggedAt >= this.#logEveryMs) this.#sources.delete(name);
    }
  }
}

/** The address of the other machine. */
export function sourceOf(address: Deno.Addr): string {
  return address.transport === "tcp" ? address.hostname : "a local socket";
}
