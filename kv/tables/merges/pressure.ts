/**
 * How much flushes and merges owe, and how much slower entries are applied for it: they wait a little
 * for every byte, the longer the more is owed, so that writes slow down long before they would stop.
 *
 * @module
 */

import type { Clock } from "../../../raft/mod.ts";
import { type LevelOptions, type Levels, owedOf, type TableInfo } from "./levels.ts";

/** Sizes that decide how much may be owed. */
export interface PressureOptions extends LevelOptions {
  /** What a memory table may hold. */
  readonly memoryBytes: number;
}

/** From this pressure on entries wait. */
const SLOW_FROM = 0.5;
/** What a mebibyte of entries waits at three quarters of the pressure. */
const MS_PER_MIB = 200;
/** What an entry counts beside its bytes. */
const ENTRY_BYTES = 64;
/** A rest of less than this is owed until more comes. */
const REST_MS_MIN = 1;
/** No rest is longer: reads wait for it, too. */
const REST_MS_MAX = 50;

/** Says how much is owed. */
export class Pressure {
  readonly #options: PressureOptions;
  #levels: Levels<TableInfo> | null = null;
  #ofLevels = 0;

  constructor(options: PressureOptions) {
    this.#options = options;
  }

  /**
   * From 0, no hurry, to 1: entries must wait.
   *
   * @param waitingBytes The bytes of the memory table that fills while another one is written.
   */
  of(waitingBytes: number, levels: Levels<TableInfo>): number {
    if (levels !== this.#levels) {
      this.#levels = levels;
      this.#ofLevels = Math.max(0, ...owedOf(levels, this.#options));
    }
    return Math.min(1, Math.max(waitingBytes / (2 * this.#options.memoryBytes), this.#ofLevels));
  }
}

/** How long entries of so many bytes wait: nothing up to half of the pressure, then ever more. */
export function restMsOf(bytes: number, pressure: number): number {
  const share = Math.max(0, pressure - SLOW_FROM) / Math.max(1e-6, 1 - pressure);
  return share * MS_PER_MIB * bytes / 2 ** 20;
}

/** Lets entries rest after those that were applied. */
export class Brake {
  readonly #clock: Clock;
  readonly #released: () => void;
  #owedMs = 0;
  #isOn = false;

  /** `released` is called when entries may be applied again. */
  constructor(clock: Clock, released: () => void) {
    this.#clock = clock;
    this.#released = released;
  }

  /** Whether entries have to wait. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Entries were applied. */
  applied(
    { count, bytes }: { readonly count: number; readonly bytes: number },
    pressure: number,
  ): void {
    if (this.#isOn) return;
    const ms = restMsOf(bytes + count * ENTRY_BYTES, pressure);
    this.#owedMs = ms === 0 ? 0 : Math.min(REST_MS_MAX, this.#owedMs + ms);
    if (this.#owedMs < REST_MS_MIN) return;
    this.#isOn = true;
    this.#clock.after(this.#owedMs, () => {
      this.#isOn = false;
      this.#released();
    });
    this.#owedMs = 0;
  }
}
