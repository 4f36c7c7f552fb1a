/**
 * Tests of the log of a server that goes on alone.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Configuration, EMPTY, type Entry, type Persistent, Raft } from "../core/mod.ts";
import { MemoryStorage } from "../storage/mod.ts";
import { MEMBERS } from "../../tests/helpers/log_entries.ts";
import { loneLog } from "./lone_log.ts";

const NO_DATA = new Uint8Array(0);
const TIMES = { steady: 7, wall: 70 };
const MEMBER = { id: 3, incarnation: "b3", peer: "h:3", client: "h:4" };
const clock = { now: () => 0, wall: () => 0 };

/** A log up to entry 6 of term 4, in which nothing is known to be committed beyond the base. */
function logBehind(base: number): Persistent {
  const entries: Entry[] = [];
  for (let index = base + 1; index <= 6; index++) {
    entries.push({ index, term: 4, times: TIMES, kind: "command", data: NO_DATA });
  }
  const last = { index: base, term: 4, times: TIMES };
  const snapshot = base === 0 ? null : { last, members: MEMBERS, data: NO_DATA };
  return { ...EMPTY, term: 9, votedFor: 2, snapshot, entries };
}

Deno.test("loneLog lets a server lead alone, with everything that it holds", async () => {
  for (const base of [0, 2, 6]) {
    const storage = new MemoryStorage();
    await storage.save(loneLog(logBehind(base), MEMBER, 99));
    const founders = Configuration.of([1, 2, 3]).members;
    const options = { id: 3, peers: [], founders, incarnation: "b3" };
    const raft = new Raft(options, await storage.load(), { random: () => 0, clock });
    for (let ticks = 0; raft.status().role !== "leader"; ticks++) {
      assert(ticks < 100, "it leads without the votes of others");
      raft.tick();
      if (raft.takeSave() !== null) raft.saved();
    }
    while (raft.takeSave() !== null) raft.saved();
    const { apply } = raft.takeEffects();
    const { term, members, commit } = raft.status();
    assertEquals([term > 10, members.voters, commit], [true, [MEMBER], 8]);
    assertEquals(apply.map(({ index }) => index), [1, 2, 3, 4, 5, 6, 7, 8].slice(base));
    assertEquals(apply.at(-1)!.times.wall >= 99, true);
  }
});
