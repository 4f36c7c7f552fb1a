/**
 * Has keys ended when they are due: proposes an entry, and the store decides by the entry's times what
 * it ends. So it happens at one revision on every server, and never early, whatever this clock says (N1).
 *
 * Every server tries; the log takes proposals from its leader only. While nothing ends by itself there
 * is no timer.
 *
 * @module
 */

import type { Clock, Rsm, Timer } from "../../raft/mod.ts";
import { encodeRequest } from "../command/mod.ts";
import type { KvStore } from "../store/mod.ts";

/** Options of an {@linkcode EndProposer}. */
export interface EndProposerOptions {
  /** Knows what is due. */
  readonly store: Pick<KvStore, "hasEnds" | "isDue" | "observeEnds" | "revision" | "steady">;
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
  #timer: Timer | null = null;
  #isProposing = false;
  #isStopped = false;
  /** The last revision that was seen, and when. */
  #seen = { revision: -1, at: 0 };

  /** Begins at once. */
  constructor(options: EndProposerOptions) {
    this.#options = options;
    options.store.observeEnds(() => this.#lookLater());
    this.#lookLater();
  }

  /** Proposes nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#options.store.observeEnds(null);
    this.#timer?.cancel();
  }

  /** Has no effect while a look or a proposal is to come anyway, or nothing ends by itself. */
  #lookLater(): void {
    const { store, clock } = this.#options;
    if (this.#timer !== null || this.#isProposing || this.#isStopped || !store.hasEnds) return;
    this.#timer = clock.after(LOOK_MS, () => {
      this.#timer = null;
      this.#look();
    });
  }

  /** One proposal at a time: the next one ends what this one leaves. */
  #look(): void {
    const { store, rsm, clock } = this.#options;
    if (!store.isDue({ wall: clock.wall(), steady: this.#steady() })) return this.#lookLater();
    this.#isProposing = true;
    rsm.submit(END, (outcome) => {
      this.#isProposing = false;
      if (this.#isStopped) return;
      if (outcome.kind === "done") this.#look();
      else this.#lookLater();
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
