/**
 * Tests of the calls that wait for the next leader.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Leadership } from "./leadership.ts";
import { Rsm } from "./rsm.ts";
import type { Outcome } from "./rsm_options.ts";
import { BareServer } from "../../tests/helpers/bare_server.ts";

/** A clock that is set by hand. */
class HandClock {
  at = 0;
  readonly timers: { readonly at: number; run: () => void }[] = [];
  now = () => this.at;
  soon = (run: () => void) => run();
  after = (ms: number, run: () => void) => {
    const timer = { at: this.at + ms, run };
    this.timers.push(timer);
    return { cancel: () => void (timer.run = () => {}) };
  };
}

const notLeader = (leader: number | null) => ({ kind: "notLeader", leader } as const);

Deno.test("Leadership answers each call once: with the next leader, or after a while without (M10)", () => {
  const clock = new HandClock();
  const leadership = new Leadership(clock);
  const outcomes: Outcome[] = [];
  const call = () => leadership.refuse((outcome) => outcomes.push(outcome));
  leadership.changed({ role: "leader", leader: 1 });
  call();
  call();
  assertEquals([leadership.waiting, outcomes], [2, []]);
  leadership.changed({ role: "follower", leader: 2 });
  assertEquals(outcomes, [notLeader(2), notLeader(2)]);
  leadership.changed({ role: "leader", leader: 1 });
  call();
  clock.timers[0]?.run(); // of the calls before, which were answered in time
  assertEquals([leadership.waiting, outcomes.length], [1, 2]);
  assertEquals(clock.timers[1]?.at, 1_000);
  clock.timers[1]?.run();
  assertEquals([leadership.waiting, outcomes.slice(2)], [0, [notLeader(null)]]);
});

Deno.test("Leadership keeps calls only for a moment after the leader has gone (M10)", () => {
  const clock = new HandClock();
  const leadership = new Leadership(clock);
  const outcomes: Outcome[] = [];
  const call = () => leadership.refuse((outcome) => outcomes.push(outcome));
  call();
  assertEquals(outcomes, [notLeader(null)], "a server that never knew a leader answers at once");
  leadership.changed({ role: "follower", leader: 2 });
  clock.at = 1_000;
  leadership.changed({ role: "follower", leader: null });
  clock.at = 1_030;
  call();
  assertEquals([outcomes.length, clock.timers.at(-1)?.at], [1, 1_100]);
  clock.at = 1_100;
  clock.timers.at(-1)?.run();
  call();
  assertEquals(outcomes.slice(1), [notLeader(null), notLeader(null)]);
  leadership.stop();
  call();
  assertEquals(outcomes.length, 4);
});

Deno.test("Rsm keeps commands and reads while its leader hands over, and names the next leader (M10)", () => {
  const nothing = new Uint8Array(0);
  const answer = () => nothing;
  const rsm = new Rsm({
    machine: { apply: answer, query: answer, snapshot: answer, restore: () => {} },
    ...{ logBytesMax: null, clock: new HandClock() },
  });
  // It takes no commands any more, and has not lost leadership yet.
  rsm.attach({ propose: () => null, read: () => false, draw: () => false, hasRoom: true });
  const { status } = new BareServer();
  const outcomes: Outcome[] = [];
  rsm.changed({ ...status, role: "leader", leader: 1 });
  rsm.submit(nothing, (outcome) => outcomes.push(outcome));
  rsm.changed({ ...status, role: "follower", leader: null });
  rsm.ask(nothing, (outcome) => outcomes.push(outcome));
  assertEquals([outcomes, rsm.waiting], [[], 2]);
  rsm.changed({ ...status, role: "follower", leader: 2 });
  assertEquals([outcomes, rsm.waiting], [[notLeader(2), notLeader(2)], 0]);
  rsm.submit(nothing, (outcome) => outcomes.push(outcome));
  assertEquals(outcomes.length, 3, "a follower refuses at once");
});
