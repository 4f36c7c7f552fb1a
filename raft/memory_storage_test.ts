import { assert, assertEquals } from "@std/assert";
import { InvariantError } from "./invariant.ts";
import { applySave, EMPTY, MemoryStorage } from "./memory_storage.ts";
import type { Clock, Timer } from "./ports.ts";
import type { Save } from "./types.ts";
import { entriesOf, saveOf, snapshotOf, storageSuite } from "../tests/harness/storage_suite.ts";

storageSuite("MemoryStorage", () => {
  const storage = new MemoryStorage();
  return Promise.resolve({
    open: () => Promise.resolve(storage),
    remove: () => Promise.resolve(),
  });
});

/** A clock whose timers run when the test says so. */
class HandClock implements Clock {
  readonly waiting: { ms: number; run: () => void }[] = [];
  now(): number {
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

Deno.test("MemoryStorage takes the delay that was asked for when it saves", async () => {
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

Deno.test("MemoryStorage loses the whole save when a crash falls into it", async () => {
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

Deno.test("applySave refuses what the core must never ask for", () => {
  const held = applySave(
    EMPTY,
    saveOf({
      vote: { term: 3, votedFor: 1 },
      snapshot: snapshotOf(4, 2),
      tail: { from: 5, entries: entriesOf(5, 3, 2) },
    }),
  );
  const refused: readonly [string, Partial<Save>][] = [
    ["a term that goes back", { vote: { term: 2, votedFor: null } }],
    ["a second vote in a term", { vote: { term: 3, votedFor: 2 } }],
    ["a vote withdrawn in its term", { vote: { term: 3, votedFor: null } }],
    ["an older snapshot", { snapshot: snapshotOf(3, 2) }],
    ["entries beyond a conflicting snapshot", { snapshot: snapshotOf(5, 3) }],
    ["a gap", { tail: { from: 9, entries: [] } }],
    ["a cut into the snapshot", { tail: { from: 4, entries: [] } }],
    ["entries that do not begin at from", { tail: { from: 8, entries: entriesOf(9, 1, 2) } }],
    ["a term that goes back along the log", { tail: { from: 8, entries: entriesOf(8, 1, 1) } }],
  ];
  for (const [what, change] of refused) {
    let error: unknown;
    try {
      applySave(held, saveOf(change));
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof InvariantError, `${what} was not refused`);
  }
});
