/**
 * What was turned away, and why: a counter for every reason, and a line in the log for every
 * source, but only one in some seconds, so that a stranger cannot fill a disk with our log.
 *
 * Invariants: every refusal is counted; the memory does not grow with the number of sources.
 *
 * @module
 */

/** Why something from outside was not let in. */
export type Refusal =
  /** The bytes are no frame, or the frame no value. */
  | "garbage"
  /** A length beyond the limit. */
  | "frameTooLarge"
  /** The first frame is no hello, or of a protocol version we do not speak. */
  | "badHello"
  /** The hello, or a frame that had begun, took too long. */
  | "tooSlow"
  | "wrongCluster"
  /** It counts majorities out of other nodes than this one does. */
  | "otherMembers"
  /** Not a member, or meant for another one. */
  | "stranger"
  /** A connection of a life of the peer that has ended, or an older one of this life. */
  | "earlierLife"
  /** A value that is no message we know, or under a false address. */
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

/** How {@linkcode Refusals} speaks. */
export interface RefusalsOptions {
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** A source is mentioned at most this often. @default {5000} */
  readonly logEveryMs?: number;
  /** How many sources are told apart; the others share one line. @default {1000} */
  readonly sourcesMax?: number;
}

interface Source {
  loggedAt: number;
  /** Refusals since then that no line told of. */
  silent: number;
}

/** Counts refusals and mentions some. */
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
      source.silent += 1;
      return;
    }
    const more = source.silent === 0 ? "" : ` (and ${source.silent} more from there)`;
    source.loggedAt = now;
    source.silent = 0;
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
    const source = this.#sources.get(key) ?? { loggedAt: -Infinity, silent: 0 };
    this.#sources.set(key, source);
    return source;
  }

  /** Makes room, if there are sources that may speak again anyway. */
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
