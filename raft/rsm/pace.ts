/**
 * Estimates how long a command will wait, from the rate at which queued commands are executed.
 *
 * Only times with queued commands are measured: without a queue, the time between two results
 * depends on the rate of requests, not on the speed of the server.
 *
 * @module
 */

/** Weight of earlier measurements, against one new batch. */
const MEMORY = 0.8;

/** Measures one server. */
export class Pace {
  /** The time since which commands are queued without a result; `null` without a queue. */
  #since: number | null = null;
  #ms = 0;
  #commands = 0;

  /** Called when a command is queued. */
  begin(now: number): void {
    this.#since ??= now;
  }

  /** Called when a number of commands are done and others are queued. */
  add(commands: number, now: number): void {
    if (this.#since === null || commands <= 0) return;
    this.#ms = this.#ms * MEMORY + (now - this.#since);
    this.#commands = this.#commands * MEMORY + commands;
    this.#since = now;
  }

  /** Called when the queue is empty. */
  pause(): void {
    this.#since = null;
  }

  /** Estimated time of a number of commands; 0 without measurements. */
  estimateMs(commands: number): number {
    return this.#commands === 0 ? 0 : commands * this.#ms / this.#commands;
  }
}
