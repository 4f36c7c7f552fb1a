/**
 * Keeps the feature level of the cluster at what all of its members have announced: proposes an entry
 * that raises it, and until that is applied refuses requests that some member does not know (O9).
 *
 * Learners count as members: they apply the same log.
 *
 * @module
 */

import type { Clock, Members, NodeId, Rsm, Timer } from "../../raft/mod.ts";
import { encodeRequest } from "../command/mod.ts";
import { LEVELS } from "../levels/mod.ts";
import type { KvStore } from "../store/mod.ts";

/** Options of a {@linkcode LevelProposer}. */
export interface LevelProposerOptions {
  /** Holds the level of the cluster, and knows that of this program. */
  readonly store: Pick<KvStore, "level">;
  /** Takes the proposals. */
  readonly rsm: Pick<Rsm, "submit">;
  /** When to look. */
  readonly clock: Pick<Clock, "after">;
  /** The members in force while this server leads; `null`: it does not. */
  readonly led: () => Members | null;
  /** This server. */
  readonly id: NodeId;
  /** What another member has announced; `null`: it is not connected. */
  readonly announced: (id: NodeId) => number | null;
}

const LOOK_MS = 500;

/** Looks at the members until it is stopped. */
export class LevelProposer {
  readonly #options: LevelProposerOptions;
  #timer: Timer | null;

  /** Begins at once. */
  constructor(options: LevelProposerOptions) {
    this.#options = options;
    this.#timer = this.#lookLater();
  }

  /** Whether there are requests that may not enter the log yet, as far as it has been applied. */
  get isMixed(): boolean {
    // Not `known`: in tests of an upgrade that is less than the requests that this program can read.
    return this.#options.store.level.value < LEVELS.last;
  }

  /**
   * Why a request of this level may not enter the log now; `null`: it may, or this server does not lead
   * and cannot tell.
   */
  refusal(level: number): string | null {
    const { store, led } = this.#options;
    const { value } = store.level;
    const members = level <= value ? null : led();
    if (members === null) return null;
    const { id: own, announced } = this.#options;
    const lacking = [own, ...this.#others(members)].flatMap((id) => {
      const known = id === own ? store.level.known : announced(id);
      if (known === null) return [`connect n${id}`];
      return known < level ? [`upgrade n${id}`] : [];
    });
    const advice = lacking.length === 0 ? "try again in a moment" : lacking.join(", ");
    return `Cannot execute: needs feature level ${level}, the cluster has ${value}: ${advice}`;
  }

  /** Proposes nothing any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #others({ voters, outgoing, learners }: Members): readonly NodeId[] {
    const ids = new Set([...voters, ...outgoing, ...learners].map(({ id }) => id));
    ids.delete(this.#options.id);
    return [...ids].sort((one, other) => one - other);
  }

  #lookLater(): Timer {
    return this.#options.clock.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const { store, rsm, led, announced } = this.#options;
    // The level never goes back: nothing is left to do, and there is no timer any more.
    if (store.level.value >= store.level.known) return;
    const members = led();
    const level = members === null ? 0 : Math.min(
      store.level.known,
      ...this.#others(members).map((id) => announced(id) ?? 0),
    );
    if (level <= store.level.value) {
      this.#timer = this.#lookLater();
      return;
    }
    rsm.submit(encodeRequest({ type: "level", level }), () => {
      if (this.#timer !== null) this.#timer = this.#lookLater();
    });
  }
}
