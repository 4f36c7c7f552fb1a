/**
 * What the application gets, and when, while an image is being restored.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Steps } from "./core/model/ports.ts";
import type { Entry, Snapshot } from "./core/model/types.ts";
import { Feeder, restoreNow } from "./feeder.ts";
import { SystemClock } from "./system_clock.ts";
import { entryOf, MEMBERS, momentOf } from "../tests/helpers/log_entries.ts";

/** A clock that moves by a millisecond whenever it is read. */
class Clock {
  time = 0;
  readonly timers: (() => void)[] = [];

  now(): number {
    return this.time++;
  }

  wall(): number {
    return 0;
  }

  after(_ms: number, run: () => void): { cancel(): void } {
    this.timers.push(run);
    return { cancel: () => {} };
  }

  soon(run: () => void): void {
    run();
  }

  /** Runs one timer; false: there is none. */
  tick(): boolean {
    const timer = this.timers.shift();
    timer?.();
    return timer !== undefined;
  }
}

function snapshot(index: number): Snapshot {
  return { last: momentOf(index, 1), members: MEMBERS, data: new Uint8Array() };
}

function entry(index: number): Entry {
  return entryOf(index, 1, new Uint8Array());
}

function read(context: number): { context: number; confirmed: boolean } {
  return { context, confirmed: true };
}

/** An application whose images take as many steps as their index says. */
function setUp() {
  const clock = new Clock();
  const log: string[] = [];
  const failures: unknown[] = [];
  const application = {
    *restore({ last }: Snapshot): Steps {
      for (let step = 1; step < last.index; step++) yield;
      log.push(`restore ${last.index}`);
    },
    apply: (entries: readonly { index: number }[]) =>
      void log.push(`apply ${entries.map(({ index }) => index).join()}`),
    read: (context: number) => void log.push(`read ${context}`),
    changed: () => {},
  };
  const state = { isStopped: false };
  const feeder = new Feeder({
    application,
    clock,
    failed: (error) => void failures.push(error),
    isStopped: () => state.isStopped,
  });
  return { clock, log, failures, application, feeder, state };
}

Deno.test("Feeder gives entries and reads at once while no image is being restored", () => {
  const { clock, log, feeder } = setUp();
  feeder.give({ restore: null, apply: [entry(1)], reads: [read(7)] });
  feeder.give({ restore: snapshot(2), apply: [entry(3)], reads: [] });
  assertEquals(log, ["apply 1", "read 7", "restore 2", "apply 3"]);
  assertEquals(clock.timers.length, 0);
});

Deno.test("Feeder lets others have the thread in a long restore, and keeps the order", () => {
  const { clock, log, feeder } = setUp();
  feeder.give({ restore: snapshot(10), apply: [entry(11)], reads: [read(1)] });
  feeder.give({ restore: null, apply: [entry(12)], reads: [] });
  assertEquals(log, []);
  let slices = 1;
  while (log.length === 0 && clock.tick()) slices++;
  assert(slices > 2, `${slices} slices`);
  assertEquals(log, ["restore 10"]);
  feeder.give({ restore: null, apply: [entry(13)], reads: [read(2)] });
  while (clock.tick());
  feeder.give({ restore: null, apply: [entry(14)], reads: [] });
  assertEquals(log.slice(1), ["apply 11", "read 1", "apply 12", "apply 13", "read 2", "apply 14"]);
});

Deno.test("Feeder leaves out the entries that a newer image covers, but no read", () => {
  const { clock, log, feeder } = setUp();
  feeder.give({ restore: snapshot(10), apply: [entry(11)], reads: [read(1)] });
  feeder.give({ restore: snapshot(12), apply: [entry(13)], reads: [read(2)] });
  while (clock.tick());
  assertEquals(log, ["restore 12", "read 1", "apply 13", "read 2"]);
});

Deno.test("Feeder hands over nothing after a stop, and reports what a slice throws", () => {
  const { clock, log, failures, application, feeder, state } = setUp();
  feeder.give({ restore: snapshot(10), apply: [entry(11)], reads: [] });
  state.isStopped = true;
  while (clock.tick());
  assertEquals(log, []);
  state.isStopped = false;
  application.restore = function* (): Steps {
    while (clock.time < 100) yield;
    throw new Error("a broken image");
  };
  feeder.give({ restore: snapshot(20), apply: [], reads: [] });
  while (clock.tick());
  assertEquals(failures.map(String), ["Error: a broken image"]);
});

Deno.test("restoreNow ends with the last step, and lets the event loop run in between", async () => {
  const clock = new SystemClock();
  const { application } = setUp();
  let timers = 0;
  application.restore = function* (): Steps {
    const end = clock.now() + 100;
    while (clock.now() < end) yield;
  };
  const timer = setInterval(() => timers++, 1);
  await restoreNow(snapshot(1), { application, clock });
  clearInterval(timer);
  assert(timers > 0, `${timers} timers ran in between`);
  application.restore = function* (): Steps {
    yield;
    throw new Error("a broken image");
  };
  const broken = restoreNow(snapshot(1), { application, clock });
  await assertRejects(() => broken, Error, "a broken image");
});
