/**
 * What was refused, and why: a counter for every reason, and a line in the log for every source,
 * but only one in some seconds, so that nobody outside can fill the disk with our log.
 *
 * Invariants: every refusal is counted; the memory does not grow with the number of sources.
 *
 * @module
 */

/** Why something from outside was refused. */
export type Refusal =
  /** The bytes are no frame, or the frame no value. */
  | "garbage"
  /** A length beyond the limit. */
  | "frameTooLarge"
  /** The first frame is no hello. */
  | "badHello"
  /** The first frame is of a protocol version that this node does not speak. */
  | "wrongVersion"
  /** A client at the port for peers, or a peer at the port for clients. */
  | "wrongPort"
  /** The hello, or a frame that had begun, took too long. */
  | "tooSlow"
  | "wrongCluster"
  /** The peer counts majorities out of other nodes than this one does. */
  | "otherMembers"
  /** The sender is no member, or it wanted to reach another node. */
  | "notAPeer"
  /** A connection from before the peer's last restart, or an older one since then. */
  | "earlierRun"
  /** A value that is no known message, or under a false address. */
  | "badMessage"
  /** Too many connections. */
  | "tooMany"
  /** Nothing was heard for too long. */
  | "silent"
  /** The other side does not read what it asked for. */
  | "slowReader"
  /** Too many requests at once. */
  | "overloaded"
  /** The system has no more sockets to give. */
  | "acceptFailed";

/** How {@linkcode Refusals} writes its log. */
export interface RefusalsOptions {
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** Each source is mentioned at most this often. @default {5000} */
  readonly logEveryMs?: number;
  /** How many sources have a line of their own; all others share one. @default {1000} */
  readonly sourcesMax?: number;
}

interface Source {
  loggedAt: number;
  /** Refusals since then that no line mentions. */
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

  constructor(options: RefusalsOptions) {
    this.#log = options.log;
    this.#now = options.now;
    this.#logEveryMs = options.logEveryMs ?? 5000;
    this.#sourcesMax = options.sourcesMax ?? 1000;
  }

  /** The source is an address without its port: one machine is one source. */
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

/** The machine at the other end. */
export function sourceOf(address: Deno.Addr): string {
  return address.transport === "tcp" ? address.hostname : "a local socket";
}
