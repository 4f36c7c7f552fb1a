/**
 * Tests of late ticks: all are counted, and none against peers that could not be heard.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Ticker } from "./ticker.ts";

const TICK_MS = 10;

/** A clock that the test sets, and a core's election timer. */
class Bench {
  readonly log: string[] = [];
  readonly ticker: Ticker;
  due = 5;
  #now = 0;
  #timer: { readonly at: number; readonly run: () => void } | null = null;

  constructor() {
    this.ticker = new Ticker({
      clock: {
        now: () => this.#now,
        wall: () => 0,
        after: (ms, run) => {
          assertEquals(this.#timer, null, "one timer at a time");
          const timer = { at: this.#now + ms, run };
          this.#timer = timer;
          return { cancel: () => this.#timer = null };
        },
        soon: (run) => run(),
      },
      tickMs: TICK_MS,
      due: () => this.due,
      tick: () => {
        this.log.push(--this.due === 0 ? "due" : "tick");
        if (this.due === 0) this.due = 5;
      },
    });
    this.ticker.arm();
  }

  /** The time at which the timer will fire. */
  get firesAt(): number | null {
    return this.#timer?.at ?? null;
  }

  /** Time passes while the thread is blocked. */
  setTo(now: number): void {
    this.#now = now;
  }

  /** Time passes; the timer fires if it is due, possibly late. */
  at(now: number): void {
    this.#now = now;
    const timer = this.#timer;
    if (timer === null || timer.at > now) return;
    this.#timer = null;
    timer.run();
  }

  /** Time passes; a message is handled before the timer. */
  messageAt(now: number): void {
    this.#now = now;
    this.ticker.catchUp();
    this.due = 5;
    this.ticker.arm();
  }

  take(): string {
    return this.log.splice(0).join(" ");
  }
}

Deno.test("Ticker wakes once for many ticks", () => {
  const bench = new Bench();
  assertEquals(bench.firesAt, 50);
  bench.at(50);
  assertEquals([bench.take(), bench.firesAt], ["tick tick tick tick due", 100]);
});

Deno.test("Ticker counts the ticks before a message, and lets the timer fire early", () => {
  const bench = new Bench();
  bench.messageAt(37);
  assertEquals([bench.take(), bench.firesAt], ["tick tick tick", 50]);
  bench.at(50);
  assertEquals([bench.take(), bench.firesAt], ["tick tick", 80]);
});

Deno.test("Ticker resets the timer when work is due sooner", () => {
  const bench = new Bench();
  bench.due = 1;
  bench.ticker.arm();
  assertEquals(bench.firesAt, 10);
});

Deno.test("Ticker leaves the tick in which work is due to the timer", () => {
  const bench = new Bench();
  bench.messageAt(50);
  assertEquals(bench.take(), "tick tick tick tick");
  bench.at(50);
  assertEquals([bench.take(), bench.due], ["tick", 4]);
});

Deno.test("Ticker allows one tick to handle queued messages after a stall (E6)", () => {
  const bench = new Bench();
  bench.at(5009);
  assertEquals([bench.take(), bench.firesAt], ["tick tick tick tick", 5019]);
  bench.messageAt(5010);
  bench.at(5019);
  assertEquals([bench.take(), bench.firesAt], ["tick", 5059]);
});

Deno.test("Ticker does due work eventually although it is always late", () => {
  const bench = new Bench();
  bench.at(5000);
  bench.at(10_000);
  assertEquals(bench.take(), "tick tick tick tick due");
});

Deno.test("Ticker drops time beyond the due tick when a message comes first", () => {
  const bench = new Bench();
  bench.messageAt(5003);
  assertEquals(bench.take(), "tick tick tick tick");
  bench.at(5003);
  assertEquals([bench.take(), bench.firesAt], ["tick", 5043]);
});

Deno.test("Ticker counts no more after stop", () => {
  const bench = new Bench();
  bench.ticker.stop();
  bench.ticker.arm();
  bench.at(1000);
  assertEquals([bench.take(), bench.firesAt], ["", null]);
});

Deno.test("Ticker counts every tick once although times are inexact in binary", () => {
  let now = 0.1;
  let ticks = 0;
  let timer: (() => void) | null = null;
  const ticker = new Ticker({
    clock: {
      now: () => now,
      wall: () => 0,
      after: (ms, run) => {
        const at = now + ms;
        timer = () => {
          now = at;
          run();
        };
        return { cancel: () => timer = null };
      },
      soon: (run) => run(),
    },
    tickMs: 0.1,
    due: () => 1,
    tick: () => void ticks++,
  });
  ticker.arm();
  let fired = 0;
  while (ticks < 1000) {
    fired++;
    (timer as (() => void) | null)?.();
  }
  assertEquals(fired, 1000);
});

Deno.test("Ticker sends heartbeats eventually although messages always come first and it is always late", () => {
  const bench = new Bench();
  bench.due = 1;
  bench.ticker.arm();
  for (let round = 1; round <= 3; round++) {
    bench.setTo(round * 1000);
    bench.ticker.catchUp();
    bench.at(round * 1000);
  }
  assertEquals(bench.take(), "due tick tick tick tick");
});

Deno.test("Ticker drops the time of a stall although work is due sooner when it ends", () => {
  const bench = new Bench();
  bench.setTo(5000);
  bench.due = 1;
  bench.ticker.arm();
  bench.at(5000);
  assertEquals([bench.take(), bench.firesAt], ["", 5010]);
  bench.at(5010);
  assertEquals([bench.take(), bench.firesAt], ["due", 5060]);
});
