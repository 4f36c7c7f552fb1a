/**
 * The feature level of the cluster, as part of the state: what every member knows. A leader raises it
 * by an entry when all members have announced more, and it never goes back (O9). It is one of the parts of
 * the state that have keys of their own, which {@linkcode ownKeys} reads together.
 *
 * @module
 */

import { type Request, SYSTEM_KEYS } from "../command/mod.ts";
import { levelOf, type Levels } from "../levels/mod.ts";
import type { Entry, State } from "../tables/mod.ts";
import { written } from "./draft.ts";
import { Endings } from "./endings.ts";
import { Leases } from "./leases.ts";
import { SESSION_LIMITS, Sessions } from "./sessions.ts";

/**
 * The log or the state holds what this program does not know. A server that passed over it would become
 * another one than those that know it, so it stops and changes nothing.
 */
export class NeedsUpgrade extends Error {
  /** As other errors have it. */
  override name = "NeedsUpgrade";

  /** With a sentence for people. */
  constructor(what: string, known: number) {
    super(
      `Cannot go on: ${what}, which this program does not know; it knows feature level ${known}. ` +
        "Start this node with a newer program: its data is sound, and the node goes on from there",
    );
  }
}

const LEVEL = `${SYSTEM_KEYS}v`;

/** The level that a state holds, beside what this program knows. */
export class ClusterLevel {
  readonly #state: State;
  readonly #levels: Levels;
  #entry: Entry | null;

  /** Throws {@linkcode NeedsUpgrade} if the state may hold what this program does not know. */
  constructor(state: State, levels: Levels) {
    this.#state = state;
    this.#levels = levels;
    this.#entry = state.get(LEVEL);
    if (this.value <= levels.last) return;
    throw new NeedsUpgrade(`the state is of feature level ${this.value}`, levels.last);
  }

  /** What every member knows. */
  get value(): number {
    return this.#entry?.value?.[0] ?? this.#levels.first;
  }

  /** What this program knows. */
  get known(): number {
    return this.#levels.last;
  }

  /** The request of a log entry; `null` is one that was not understood. */
  check(request: Request | null, revision: number): Request {
    if (request !== null && levelOf(request) <= this.known) return request;
    throw new NeedsUpgrade(`entry ${revision} of the log holds a request`, this.known);
  }

  /** From this revision on the cluster has at least this level. */
  raise(level: number, revision: number): void {
    if (level <= this.value) return;
    const value = Uint8Array.of(level);
    this.#entry = written(this.#entry, { key: LEVEL, value, revision });
    this.#state.add(this.#entry);
  }
}

/** The parts of the store that have keys of their own. */
export interface OwnKeys {
  readonly sessions: Sessions;
  readonly endings: Endings;
  readonly leases: Leases;
  readonly level: ClusterLevel;
}

/** Reads them from a state. */
export function ownKeys(state: State, levels: Levels): OwnKeys {
  return {
    sessions: new Sessions(state, SESSION_LIMITS),
    endings: new Endings(state),
    leases: new Leases(state),
    level: new ClusterLevel(state, levels),
  };
}
