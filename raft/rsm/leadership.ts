/**
 * Which server leads, and the calls that came while that changed: to a leader that hands over, or to a
 * server whose leader has just gone. They wait until the next leader is known: without its name each
 * caller would ask all servers in turn, and pause.
 *
 * Invariant: each of them is answered once, after a bounded time.
 *
 * @module
 */

import type { Clock, NodeId, Status, Timer } from "../core/mod.ts";
import type { Outcome } from "./rsm_options.ts";

/** Longer than a leader tries to hand over. */
const HAND_OVER_MS = 1_000;
/** Longer than an election without trouble. */
const ELECTION_MS = 100;

/** The leader as this server knows it, and the calls that wait for the next one. */
export class Leadership {
  readonly #clock: Pick<Clock, "after" | "now">;
  #leader: NodeId | null = null;
  #isLeading = false;
  /** When the latest leader has gone. */
  #goneAt = -Infinity;
  #waiting: ((outcome: Outcome) => void)[] = [];
  /** Ends the wait. It is cancelled when the wait has ended: it must not cut a later one short. */
  #timer: Timer | null = null;

  constructor(clock: Pick<Clock, "after" | "now">) {
    this.#clock = clock;
  }

  /** The server that leads; `null`: unknown. */
  get leader(): NodeId | null {
    return this.#leader;
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Another server leads, or none. */
  changed({ role, leader }: Pick<Status, "role" | "leader">): void {
    if (leader === null && this.#leader !== null) this.#goneAt = this.#clock.now();
    this.#leader = leader;
    this.#isLeading = role === "leader";
    if (leader !== null) this.#release(leader);
  }

  /** Answers with the leader; if that is unknown but a matter of a moment, when the moment is over. */
  refuse(done: (outcome: Outcome) => void): void {
    const goneMs = this.#isLeading ? 0 : this.#clock.now() - this.#goneAt;
    const isMoment = this.#isLeading || (this.#leader === null && goneMs < ELECTION_MS);
    if (!isMoment) return done({ kind: "notLeader", leader: this.#leader });
    this.#waiting.push(done);
    const ms = this.#isLeading ? HAND_OVER_MS : ELECTION_MS - goneMs;
    this.#timer ??= this.#clock.after(ms, () => this.#release(null));
  }

  /** From now on no call waits. */
  stop(): void {
    this.#isLeading = false;
    this.#goneAt = -Infinity;
    this.#release(null);
  }

  #release(leader: NodeId | null): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const done of this.#waiting.splice(0)) done({ kind: "notLeader", leader });
  }
}
