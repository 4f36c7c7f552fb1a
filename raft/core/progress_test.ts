/**
 * Tests of a leader's replication to one peer: probing, streaming, snapshot.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Log } from "./log.ts";
import { fillRaftOptions, type RaftOptions } from "./options.ts";
import { Progress, quorumValue, type Replicated } from "./progress.ts";
import type { Entry, Snapshot } from "./types.ts";

function entries(from: number, count: number): Entry[] {
  const command = new Uint8Array(8);
  return Array.from({ length: count }, (_, i) => ({ index: from + i, term: 1, command }));
}

function leaderWith(count: number, snapshot: Snapshot | null = null): Replicated {
  const base = snapshot?.last ?? { index: 0, term: 0 };
  return { log: new Log(base, entries(base.index + 1, count)), snapshot, commit: 0 };
}

function progress(next: number, options: Partial<RaftOptions> = {}): Progress {
  return new Progress(2, next, fillRaftOptions({ id: 1, peers: [1, 2], ...options }));
}

/** The peer acknowledges `received` bytes, in answer to a message of the given round. */
function receives(peer: Progress, received: number, round = 0): void {
  peer.received({ type: "installSnapshotReply", last: { index: 5, term: 1 }, received, round });
}

/** The next message in short: `prev+count` of an append, `@offset+length` of a chunk. */
function taken(peer: Progress, state: Replicated, round = 0): string | null {
  const message = peer.takeMessage(state, round);
  if (message === null) return null;
  if (message.type === "appendEntries") {
    return `${message.previous.index}+${message.entries.length}`;
  }
  return `@${message.offset}+${message.data.length}`;
}

Deno.test("Progress probes with one append at a time", () => {
  const peer = progress(3);
  const state = leaderWith(4);
  assertEquals([taken(peer, state), taken(peer, state)], ["2+2", null]);
  peer.isDue = true;
  assertEquals(taken(peer, state), "2+0"); // a heartbeat while the probe is unanswered
});

Deno.test("Progress streams without waiting after an accepted probe", () => {
  const peer = progress(3, { appendEntriesMax: 1 });
  const state = leaderWith(6);
  taken(peer, state);
  peer.accepted(2);
  assertEquals([taken(peer, state), taken(peer, state), peer.match, peer.next], [
    "2+1",
    "3+1",
    2,
    5,
  ]);
});

Deno.test("Progress stops when its window is full and continues with each answer", () => {
  const peer = progress(1, { appendEntriesMax: 1, inFlightAppendsMax: 2 });
  const state = leaderWith(6);
  taken(peer, state);
  peer.accepted(0);
  assertEquals([1, 2, 3].map(() => taken(peer, state)), ["0+1", "1+1", null]);
  peer.accepted(1);
  assertEquals([taken(peer, state), taken(peer, state)], ["2+1", null]);
});

Deno.test("Progress also limits its window in bytes", () => {
  const peer = progress(1, { appendEntriesMax: 1, inFlightBytesMax: 40 });
  const state = leaderWith(6);
  taken(peer, state);
  peer.accepted(0);
  assertEquals([1, 2, 3].map(() => taken(peer, state)), ["0+1", "1+1", null]);
});

Deno.test("Progress ignores a refusal that does not answer a message in flight (L9)", () => {
  const peer = progress(6);
  taken(peer, leaderWith(8));
  assertEquals([4, 5, 6].map((previous) => peer.isNews(previous)), [false, true, false]);
  peer.accepted(5);
  assertEquals([4, 5, 6].map((previous) => peer.isNews(previous)), [false, false, true]);
});

Deno.test("Progress never lowers match on late answers", () => {
  const peer = progress(6);
  peer.accepted(5);
  peer.accepted(2);
  peer.rejected(1);
  assertEquals([peer.match, peer.next, peer.mode.kind], [5, 6, "probing"]);
});

Deno.test("Progress keeps the highest round when answers arrive out of order (R2)", () => {
  const peer = progress(1);
  for (const round of [5, 7, 6]) peer.heard(round);
  assertEquals(peer.round, 7);
});

Deno.test("Progress sends only heartbeats to a silent peer, and probes it when it answers again", () => {
  const peer = progress(1, { electionTicks: 3, heartbeatTicks: 1 });
  const state = leaderWith(3);
  taken(peer, state);
  peer.accepted(0);
  for (let tick = 0; tick < 3; tick++) peer.tick();
  assertEquals([peer.isActive, peer.mode.kind, taken(peer, state)], [false, "probing", null]);
  peer.isDue = true;
  assertEquals(taken(peer, state), "0+0");
  peer.heard(0);
  peer.accepted(0);
  assertEquals(taken(peer, state), "0+3");
});

Deno.test("Progress sends a snapshot in chunks, one at a time, and then streams entries", () => {
  const snapshot = { last: { index: 5, term: 1 }, data: new Uint8Array(5) };
  const state = leaderWith(2, snapshot);
  const peer = progress(3, { snapshotChunkBytes: 2 });
  assertEquals([taken(peer, state), taken(peer, state)], ["@0+2", null]);
  receives(peer, 2);
  assertEquals(taken(peer, state), "@2+2");
  receives(peer, 4);
  assertEquals(taken(peer, state), "@4+1");
  peer.accepted(5);
  assertEquals(taken(peer, state), "5+2");
});

Deno.test("Progress resends a chunk only when the answer to a probe shows that it was lost (S6)", () => {
  const snapshot = { last: { index: 5, term: 1 }, data: new Uint8Array(4) };
  const state = leaderWith(0, snapshot);
  const peer = progress(1, { snapshotChunkBytes: 2 });
  taken(peer, state);
  const other = { last: { index: 4, term: 1 }, received: 3, round: 0 };
  peer.received({ type: "installSnapshotReply", ...other }); // about an earlier snapshot
  assertEquals(taken(peer, state), null);
  receives(peer, 2);
  assertEquals(taken(peer, state), "@2+2");
  receives(peer, 2); // the same answer, twice
  assertEquals(taken(peer, state), null);
  peer.isDue = true;
  assertEquals(taken(peer, state, 7), "@2+0");
  receives(peer, 2, 6); // the answer to a probe that was sent before this chunk
  assertEquals(taken(peer, state, 7), null);
  peer.isDue = true;
  assertEquals(taken(peer, state, 8), "@2+0");
  receives(peer, 0, 7); // the peer has restarted
  assertEquals(taken(peer, state, 8), "@0+2");
});

Deno.test("Progress offers an unreachable server the newest snapshot, and keeps no older one (S7)", () => {
  const image = (index: number) => ({ last: { index, term: 1 }, data: new Uint8Array(index) });
  const peer = progress(1, { electionTicks: 2, heartbeatTicks: 1, snapshotChunkBytes: 4 });
  assertEquals(taken(peer, leaderWith(0, image(5))), "@0+4");
  assertEquals(taken(peer, leaderWith(0, image(6))), null); // it may be in flight
  for (let tick = 0; tick < 2; tick++) peer.tick();
  assertEquals(taken(peer, leaderWith(0, image(7))), null);
  peer.heard(0);
  const message = peer.takeMessage(leaderWith(0, image(8)), 0);
  assert(message?.type === "installSnapshot");
  assertEquals([message.last.index, message.total], [7, 7]);
  peer.accepted(0);
  assertEquals(peer.mode.kind, "snapshot");
  peer.accepted(5); // it had received the first one
  const log = new Log({ index: 4, term: 1 }, entries(5, 4));
  assertEquals(taken(peer, { ...leaderWith(0, image(8)), log }), "5+3");
});

Deno.test("quorumValue is the highest value that a majority has reached", () => {
  for (
    const values of [[4], [1, 2], [3, 1, 2], [9, 0, 0, 9], [5, 1, 4, 2, 3], [7, 7, 7, 0, 0, 0]]
  ) {
    const reached = (value: number) => values.filter((other) => other >= value).length;
    const majority = Math.floor(values.length / 2) + 1;
    const expected = Math.max(...values.filter((value) => reached(value) >= majority));
    assertEquals(quorumValue([...values]), expected, values.join());
  }
  assert(quorumValue([0, 0, 9, 9]) === 0);
});

Deno.test("Progress sends again what a late answer to a probe did not verify", () => {
  const peer = progress(10);
  taken(peer, leaderWith(12));
  peer.accepted(5);
  assertEquals([peer.match, peer.next, peer.mode.kind], [5, 6, "streaming"]);
});
