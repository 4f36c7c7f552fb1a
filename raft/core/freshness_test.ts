/**
 * Tests of the age of a state on whole servers: it counts from a question, or from a round.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { EMPTY } from "./model/save.ts";
import type { Envelope, NodeId } from "./model/types.ts";
import { Raft } from "./raft.ts";

/** Servers with one clock, whose messages wait until they are delivered. */
class Group {
  now = 0;
  readonly servers: ReadonlyMap<NodeId, Raft>;
  #waiting: Envelope[] = [];

  constructor(ids: readonly NodeId[]) {
    const clock = { now: () => this.now, wall: () => 0 };
    this.servers = new Map(ids.map((id) => {
      const random = (): number => id / 10;
      return [id, new Raft({ id, peers: [...ids] }, EMPTY, { random, clock })];
    }));
  }

  /** Time passes on one server, a millisecond for each tick. */
  tick(id: NodeId, count: number): void {
    for (let tick = 0; tick < count; tick++) {
      this.now++;
      this.servers.get(id)!.tick();
    }
    this.#turn(id);
  }

  /** Delivers what waits, and what follows from it, among some servers; the rest is lost. */
  settle(among: readonly NodeId[]): void {
    for (const id of among) this.#turn(id);
    while (this.#waiting.length > 0) {
      const envelope = this.#waiting.shift()!;
      if (!among.includes(envelope.to) || !among.includes(envelope.from)) continue;
      this.servers.get(envelope.to)!.step(envelope);
      this.#turn(envelope.to);
    }
  }

  /** How old the state of a server is at most. */
  age(id: NodeId): number | null {
    const raft = this.servers.get(id)!;
    const at = raft.freshAt(raft.status().applied);
    return at === null ? null : this.now - at;
  }

  #turn(id: NodeId): void {
    const raft = this.servers.get(id)!;
    this.#waiting.push(...raft.takeEffects().send);
    while (raft.takeSave() !== null) {
      raft.saved();
      this.#waiting.push(...raft.takeEffects().send);
    }
  }
}

function elected(): Group {
  const group = new Group([1, 2, 3]);
  group.tick(1, 40);
  group.settle([1, 2, 3]);
  assertEquals(group.servers.get(1)!.status().role, "leader");
  return group;
}

/** So many ticks are between two heartbeats. */
const BEAT = 10;

Deno.test("a follower counts the age of its state from its question (R8)", () => {
  const group = elected();
  assertEquals(group.age(2), null);
  for (let beat = 0; beat < 4; beat++) {
    group.tick(1, BEAT);
    group.settle([1, 2, 3]);
  }
  // It asked two beats ago; the answer has just come.
  assertEquals(group.age(2), 2 * BEAT);
  group.now += 100;
  assertEquals(group.age(2), 2 * BEAT + 100);
});

Deno.test("a leader without a majority counts the age of its state from its last round (R8)", () => {
  const group = elected();
  for (let beat = 0; beat < 4; beat++) {
    group.tick(1, BEAT);
    group.settle([1, 2, 3]);
  }
  const before = group.age(1)!;
  const follower = group.age(2)!;
  for (let beat = 0; beat < 2; beat++) {
    group.tick(1, BEAT);
    group.settle([1]);
  }
  // The round of the first of the two beats is not confirmed, the one before it is.
  assertEquals(group.age(1)! >= 2 * BEAT && group.age(1)! <= before + 2 * BEAT, true);
  assertEquals(group.age(2), follower + 2 * BEAT);
});

Deno.test("a follower that lacks an entry does not count as new (R8)", () => {
  const group = elected();
  for (let beat = 0; beat < 4; beat++) {
    group.tick(1, BEAT);
    group.settle([1, 2, 3]);
  }
  const raft = group.servers.get(2)!;
  const { applied } = raft.status();
  assertEquals([raft.freshAt(applied - 1), raft.freshAt(applied) === null], [null, false]);
});
