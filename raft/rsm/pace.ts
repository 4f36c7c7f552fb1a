/**
 * How long a command waits for its turn, estimated from how fast others got theirs.
 *
 * Only times in which commands queued up are measured: while there is no queue, the time between two
 * results tells how seldom clients ask, not how fast they could be answered.
 *
 * @module
 */

/** Weight of what was measured before, against one new batch. */
const MEMORY = 0.8;

/** Measures one server. */
export class Pace {
  /** Since when commands have been queued up without a result; `null`: they are not. */
  #since: number | null = null;
  #ms = 0;
  #commands = 0;

  /** A command is queued. */
  begin(now: number): void {
    this.#since ??= now;
  }

  /** So many commands are done, and others are queued. */
  add(commands: number, now: number): void {
    if (this.#since === null || commands <= 0) return;
    this.#ms = this.#ms * MEMORY + (now - this.#since);
    this.#commands = this.#commands * MEMORY + commands;
    this.#since = now;
  }

  /** Nothing is queued any more. */
  pause(): void {
    this.#since = null;
  }

  /** How long so many commands will take; 0 until there was something to measure. */
  estimateMs(commands: number): number {
    return this.#commands === 0 ? 0 : commands * this.#ms / this.#commands;
  }
}
