/**
 * Tests of the calls that wait for the next leader.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Parked } from "./parked.ts";
import { Rsm } from "./rsm.ts";
import type { Outcome } from "./rsm_options.ts";
import { BareServer } from "../../tests/helpers/bare_server.ts";

Deno.test("Parked answers each call once: with the next leader, or after a while without (M10)", () => {
  const timers: (() => void)[] = [];
  const after = (_ms: number, run: () => void) => {
    const place = timers.push(run) - 1;
    return { cancel: () => void (timers[place] = () => {}) };
  };
  const parked = new Parked({ after });
  const outcomes: Outcome[] = [];
  parked.add((outcome) => outcomes.push(outcome));
  parked.add((outcome) => outcomes.push(outcome));
  assertEquals([parked.length, timers.length, outcomes], [2, 1, []]);
  parked.release(2);
  assertEquals(outcomes, [{ kind: "notLeader", leader: 2 }, { kind: "notLeader", leader: 2 }]);
  parked.add((outcome) => outcomes.push(outcome));
  timers[0]!(); // of the calls before, which were answered in time
  assertEquals([parked.length, outcomes.length], [1, 2]);
  timers[1]!();
  assertEquals([parked.length, outcomes.slice(2)], [0, [{ kind: "notLeader", leader: null }]]);
});

Deno.test("Rsm keeps commands while its leader hands over, and names the next leader (M10)", () => {
  const nothing = new Uint8Array(0);
  const answer = () => nothing;
  const after = () => ({ cancel: () => {} });
  const rsm = new Rsm({
    machine: { apply: answer, query: answer, snapshot: answer, restore: () => {} },
    ...{ logBytesMax: null, clock: { now: () => 0, soon: (run) => run(), after } },
  });
  // It takes no commands any more, and has not lost leadership yet.
  rsm.attach({ propose: () => null, read: () => false, draw: () => false, hasRoom: true });
  const { status } = new BareServer();
  const outcomes: Outcome[] = [];
  rsm.changed({ ...status, role: "leader", leader: 1 });
  rsm.submit(nothing, (outcome) => outcomes.push(outcome));
  rsm.changed({ ...status, role: "follower", leader: null });
  assertEquals([outcomes, rsm.waiting], [[], 1]);
  rsm.changed({ ...status, role: "follower", leader: 2 });
  assertEquals([outcomes, rsm.waiting], [[{ kind: "notLeader", leader: 2 }], 0]);
  rsm.submit(nothing, (outcome) => outcomes.push(outcome));
  assertEquals(outcomes.length, 2, "a follower refuses at once");
});
