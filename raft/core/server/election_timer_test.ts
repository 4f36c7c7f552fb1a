/**
 * Tests of the election timer: what counts as a sign of life of a leader.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ElectionTimer } from "./election_timer.ts";
import { fillRaftOptions } from "../model/options.ts";

const TICKS = 10;

function timer(random = () => 0): ElectionTimer {
  const options = { id: 1, peers: [1, 2, 3], electionTicks: TICKS, heartbeatTicks: 2 };
  return new ElectionTimer(fillRaftOptions(options), random);
}

function pass(elections: ElectionTimer, ticks: number): void {
  for (let number = 0; number < ticks; number++) elections.tick();
}

Deno.test("ElectionTimer draws each timeout anew, from one to less than two times the shortest (§5.2)", () => {
  const draws = [0, 0.999, 0.5];
  const elections = timer(() => draws.shift()!);
  const timeouts = [elections.ticksLeft];
  for (let number = 0; number < 2; number++) {
    elections.reset();
    timeouts.push(elections.ticksLeft);
  }
  assertEquals(timeouts, [TICKS, 2 * TICKS - 1, 1.5 * TICKS]);
});

Deno.test("ElectionTimer takes each round once for a sign of life, and no earlier one (E11)", () => {
  const elections = timer();
  assertEquals([0, 0, 3, 2, 3, 4].map((round) => elections.hearRound(round)), [
    ...[true, false, true],
    ...[false, false, true],
  ]);
  pass(elections, TICKS - 1);
  elections.hearRound(4);
  assertEquals([elections.ticksLeft, elections.isLeaderRecent], [1, true]);
  pass(elections, 1);
  assertEquals([elections.ticksLeft, elections.isLeaderRecent], [0, false]);
  elections.forgetRounds();
  elections.hearRound(0);
  assertEquals(elections.ticksLeft, TICKS);
});

Deno.test("ElectionTimer counts arriving bytes for four timeouts after the last round (E11)", () => {
  const elections = timer();
  elections.hearRound(1);
  pass(elections, 4 * TICKS);
  elections.hearBytes();
  assertEquals(elections.ticksLeft, TICKS);
  pass(elections, 1);
  elections.hearBytes();
  assertEquals([elections.ticksLeft, elections.isReceiving], [TICKS - 1, true]);
  pass(elections, 2); // a heartbeat long nothing arrived
  assertEquals(elections.isReceiving, false);
});
