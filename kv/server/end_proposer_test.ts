/**
 * Tests of the proposals that end what is due.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Outcome } from "../../raft/mod.ts";
import { VirtualClock } from "../../tests/sim/virtual_clock.ts";
import { encodeRequest } from "../command/mod.ts";
import { EndProposer } from "./end_proposer.ts";

/** A store in which the test says what ends. */
class Store {
  due = false;
  hasEnds = true;
  readonly revision = 1;
  readonly steady = 0;
  /** How often it was asked what is due. */
  looks = 0;
  changed: (() => void) | null = null;

  isDue(): boolean {
    this.looks++;
    return this.due;
  }

  observeEnds(observer: (() => void) | null): void {
    this.changed = observer;
  }
}

/** A log that the test answers for. */
class World {
  readonly clock = new VirtualClock();
  readonly store = new Store();
  readonly asked: ((outcome: Outcome) => void)[] = [];
  readonly proposed: Uint8Array[] = [];
  readonly ends = new EndProposer({
    store: this.store,
    rsm: {
      submit: (bytes, done) => {
        this.proposed.push(bytes);
        this.asked.push(done);
      },
    },
    clock: this.clock,
  });
}

Deno.test("nothing is proposed while nothing is due", async () => {
  const { clock, proposed } = new World();
  await clock.sleep(1000);
  assertEquals(proposed, []);
});

Deno.test("a server sleeps while nothing ends by itself, and looks again when something does", async () => {
  const world = new World();
  const { store, clock, proposed } = world;
  store.hasEnds = false;
  await clock.sleep(1000);
  assertEquals([store.looks, proposed.length], [1, 0], "the look that was set before");
  store.hasEnds = store.due = true;
  store.changed?.();
  store.changed?.();
  await clock.sleep(150);
  assertEquals([store.looks, proposed.length], [2, 1]);
  store.changed?.();
  await clock.sleep(1000);
  assertEquals([store.looks, proposed.length], [2, 1], "one proposal at a time");
  world.ends.stop();
  assertEquals(store.changed, null);
});

Deno.test("one proposal is under way at a time, and the next follows it while something is due", async () => {
  const world = new World();
  world.store.due = true;
  await world.clock.sleep(1000);
  assertEquals(world.proposed, [encodeRequest({ type: "end" })]);
  world.asked[0]!({ kind: "done", reply: new Uint8Array(1) });
  assertEquals(world.proposed.length, 2);
  world.store.due = false;
  world.asked[1]!({ kind: "done", reply: new Uint8Array(1) });
  await world.clock.sleep(1000);
  assertEquals(world.proposed.length, 2);
});

Deno.test("a server that does not lead tries again later, and a stopped one never", async () => {
  const world = new World();
  world.store.due = true;
  await world.clock.sleep(150);
  world.asked[0]!({ kind: "notLeader", leader: null });
  assertEquals(world.proposed.length, 1);
  await world.clock.sleep(150);
  assertEquals(world.proposed.length, 2);
  world.ends.stop();
  world.asked[1]!({ kind: "unknown", leader: null });
  await world.clock.sleep(1000);
  assertEquals(world.proposed.length, 2);
});
