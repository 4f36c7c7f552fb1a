/** Tests of {@linkcode MemoryStorage}. @module */

import { assertEquals } from "@std/assert";
import { MemoryStorage } from "./memory_storage.ts";
import type { Clock, Timer } from "../core/model/ports.ts";
import { EMPTY } from "../core/model/save.ts";
import { entriesOf, saveOf, storageSuite } from "../../tests/storage/storage_suite.ts";

storageSuite("MemoryStorage", () => {
  const storage = new MemoryStorage();
  return Promise.resolve({
    open: () => Promise.resolve(storage),
    remove: () => Promise.resolve(),
  });
});

/** A clock whose timers the test runs. */
class HandClock implements Clock {
  readonly waiting: { ms: number; run: () => void }[] = [];
  now(): number {
    return 0;
  }
  wall(): number {
    return 0;
  }
  after(ms: number, run: () => void): Timer {
    this.waiting.push({ ms, run });
    return { cancel: () => {} };
  }
  soon(run: () => void): void {
    run();
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("MemoryStorage delays saves as requested", async () => {
  const clock = new HandClock();
  const storage = new MemoryStorage({ slow: { clock, delayMs: () => 7 } });
  let saved = false;
  const saving = storage.save(saveOf({ vote: { term: 1, votedFor: 2 } })).then(() => saved = true);
  await settle();
  assertEquals([saved, storage.persistent.term, clock.waiting[0]?.ms], [false, 0, 7]);
  clock.waiting[0]?.run();
  await saving;
  assertEquals(storage.persistent.term, 1);
});

Deno.test("MemoryStorage loses the whole save when a crash interrupts it", async () => {
  const clock = new HandClock();
  const storage = new MemoryStorage({ slow: { clock, delayMs: () => 7 } });
  let saved = false;
  const change = { vote: { term: 1, votedFor: 2 }, tail: { from: 1, entries: entriesOf(1, 2, 1) } };
  storage.save(saveOf(change)).then(() => saved = true);
  await settle();
  storage.crash();
  clock.waiting[0]?.run();
  await settle();
  assertEquals(saved, false);
  assertEquals(await storage.load(), EMPTY);
});
