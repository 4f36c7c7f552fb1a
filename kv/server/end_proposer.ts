/**
 * Has keys ended when they are due: proposes an entry, and the store decides by the entry's times what
 * it ends. So it happens at one revision on every server, and never early, whatever this clock says (N1).
 *
 * Every server tries; the log takes proposals from its leader only.
 *
 * @module
 */

import type { Clock, Rsm, Timer } from "../../raft/mod.ts";
import { encodeRequest } from "../command/mod.ts";
import type { KvStore } from "../store/mod.ts";

/** Options of an {@linkcode EndProposer}. */
export interface EndProposerOptions {
  /** Knows what is due. */
  readonly store: Pick<KvStore, "isDue" | "revision" | "steady">;
  /** Takes the proposals. */
  readonly rsm: Pick<Rsm, "submit">;
  /** When to look. */
  readonly clock: Pick<Clock, "after" | "now" | "wall">;
}

/** A key ends at most about so long after its time, while there is a leader with time for it. */
const LOOK_MS = 100;

const END = encodeRequest({ type: "end" });

/** Looks for what is due until it is stopped. */
export class EndProposer {
  readonly #options: EndProposerOptions;
  #timer: Timer | null;
  /** The last revision that was seen, and when. */
  #seen = { revision: -1, at: 0 };

  /** Begins at once. */
  constructor(options: EndProposerOptions) {
    this.#options = options;
    this.#timer = this.#lookLater();
  }

  /** Proposes nothing any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #lookLater(): Timer {
    return this.#options.clock.after(LOOK_MS, () => this.#look());
  }

  /** One proposal at a time: the next one ends what this one leaves. */
  #look(): void {
    const { store, rsm, clock } = this.#options;
    if (!store.isDue({ wall: clock.wall(), steady: this.#steady() })) {
      this.#timer = this.#lookLater();
      return;
    }
    rsm.submit(END, (outcome) => {
      if (this.#timer === null) return;
      if (outcome.kind === "done") this.#look();
      else this.#timer = this.#lookLater();
    });
  }

  /**
   * The steady time that an entry would have now if one server had led since the last command. After a
   * time without a leader that is too much, and the entry that is proposed ends nothing.
   */
  #steady(): number {
    const { store: { revision, steady }, clock } = this.#options;
    if (revision !== this.#seen.revision) this.#seen = { revision, at: clock.now() };
    return steady + clock.now() - this.#seen.at;
  }
}
