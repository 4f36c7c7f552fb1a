/**
 * Tests of a leader's replication to one peer: probing, streaming, snapshot.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Log } from "../model/log.ts";
import { fillRaftOptions, type RaftOptions } from "../model/options.ts";
import { ByteImages } from "./byte_images.ts";
import { Progress, type Replicated } from "./progress.ts";
import type { Entry, Snapshot } from "../model/types.ts";
import { entryOf, MEMBERS, momentOf } from "../../../tests/helpers/log_entries.ts";

const IMAGES = new ByteImages();

function entries(from: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => entryOf(from + i, 1, new Uint8Array(8)));
}

function leaderWith(count: number, snapshot: Snapshot | null = null): Replicated {
  const base = snapshot?.last ?? momentOf(0, 0);
  const log = new Log(base, entries(base.index + 1, count));
  return { log, snapshot, images: IMAGES, commit: 0, round: 0, waiting: 0 };
}

function progress(next: number, options: Partial<RaftOptions> = {}): Progress {
  return new Progress(2, next, fillRaftOptions({ id: 1, peers: [1, 2], ...options }));
}

/** The peer acknowledges `received` bytes, in answer to a message of the given round. */
function receives(peer: Progress, received: number, round = 0): void {
  const reply = { last: { index: 5, term: 1 }, received, cursor: new Uint8Array(0), round };
  peer.received({ type: "installSnapshotReply", ...reply }, { images: IMAGES, held: null });
}

/** The next messages in short: `prev+count` of an append, `@offset+length` of a chunk. */
function taken(peer: Progress, state: Replicated, round = 0): string | null {
  const messages = peer.takeMessages({ ...state, round }).map((message) =>
    message.type === "appendEntries"
      ? `${message.previous.index}+${message.entries.length}`
      : `@${message.offset}+${message.data.length}`
  );
  return messages.length === 0 ? null : messages.join(" ");
}

Deno.test("Progress probes with one append at a time", () => {
  const peer = progress(3);
  const state = leaderWith(4);
  assertEquals([taken(peer, state), taken(peer, state)], ["2+0 2+2", null]);
  peer.isDue = true;
  assertEquals(taken(peer, state), "2+0"); // a heartbeat while the probe is unanswered
});

Deno.test("Progress fills its window at once after an accepted probe, which counts in it", () => {
  const peer = progress(3, { appendEntriesMax: 1, inFlightAppendsMax: 3 });
  const state = leaderWith(8);
  taken(peer, state);
  peer.accepted(2, 0); // the answer to the heartbeat; the probe is still under way
  assertEquals([taken(peer, state), taken(peer, state)], ["3+1 4+1", null]);
  assertEquals([peer.match, peer.next], [2, 6]);
  peer.accepted(4, 0);
  assertEquals([taken(peer, state), taken(peer, state)], ["5+1 6+1", null]);
});

Deno.test("Progress does not stream before the peer has accepted the place that is probed", () => {
  const peer = progress(6);
  taken(peer, leaderWith(8));
  peer.accepted(3, 0); // what the peer holds beyond is not durable yet
  assertEquals([taken(peer, leaderWith(8)), peer.status(IMAGES).mode], [null, "probing"]);
  peer.accepted(5, 0);
  assertEquals(peer.status(IMAGES).mode, "streaming");
});

Deno.test("Progress also limits its window in bytes", () => {
  const peer = progress(1, { appendEntriesMax: 1, inFlightBytesMax: 40 });
  const state = leaderWith(6);
  taken(peer, state);
  peer.accepted(0, 0);
  assertEquals([taken(peer, state), taken(peer, state)], ["1+1", null]);
});

Deno.test("Progress sends no more while much waits in the transport, and says that there is more", () => {
  const peer = progress(1, { appendEntriesMax: 1, queuedBytesMax: 60 });
  const state = leaderWith(9);
  taken(peer, state);
  peer.accepted(1, 0);
  assertEquals([taken(peer, state), peer.hasMore], ["1+1 2+1", true]);
  assertEquals([taken(peer, { ...state, waiting: 64 }), peer.hasMore], [null, false]);
  assertEquals(taken(peer, { ...state, waiting: 32 }), "3+1");
});

Deno.test("Progress probes only when nothing waits in the transport, so that nothing is sent twice", () => {
  const peer = progress(4);
  const state = leaderWith(6);
  taken(peer, state);
  peer.rejected(2);
  assertEquals([taken(peer, { ...state, waiting: 1 }), taken(peer, state)], [null, "1+5"]);
});

Deno.test("Progress claims nothing in a heartbeat that may overtake entries", () => {
  const peer = progress(3);
  const state = leaderWith(4);
  taken(peer, state);
  peer.accepted(2, 0);
  peer.isDue = true;
  assertEquals(taken(peer, state), "0+0");
  peer.accepted(4, 0);
  peer.isDue = true;
  assertEquals(taken(peer, state), "4+0");
});

Deno.test("Progress asks whether entries are lost when none was acknowledged for a heartbeat", () => {
  const peer = progress(3, { heartbeatTicks: 2, electionTicks: 9 });
  const state = leaderWith(4);
  taken(peer, state);
  peer.accepted(2, 0);
  for (let tick = 0; tick < 2; tick++) peer.tick();
  peer.isDue = true;
  assertEquals(taken(peer, { ...state, waiting: 5 }), "0+0"); // they have not left yet
  peer.isDue = true;
  assertEquals(taken(peer, state), "4+0");
  assert(peer.isNews(4));
  peer.rejected(3);
  assertEquals(taken(peer, state), "2+2");
});

Deno.test("Progress asks at once when a peer knows less than it has acknowledged", () => {
  const peer = progress(3);
  const state = leaderWith(6);
  peer.heard(4);
  peer.accepted(3, 4);
  taken(peer, state);
  peer.accepted(1, 3); // an answer that had a long way
  assertEquals(taken(peer, state), null);
  peer.accepted(1, 4); // a new incarnation
  assertEquals(taken(peer, state), "6+0");
});

Deno.test("Progress ignores a refusal that does not answer a message in flight (L9)", () => {
  const peer = progress(6);
  taken(peer, leaderWith(8));
  assertEquals([4, 5, 6].map((previous) => peer.isNews(previous)), [false, true, false]);
  peer.accepted(5, 0);
  assertEquals([4, 5, 6, 8, 9].map((previous) => peer.isNews(previous)), [
    ...[false, false, true, true],
    false,
  ]);
});

Deno.test("Progress never lowers match on late answers", () => {
  const peer = progress(6);
  peer.accepted(5, 0);
  peer.accepted(2, 0);
  peer.rejected(1);
  assertEquals([peer.match, peer.next, peer.status(IMAGES).mode], [5, 6, "probing"]);
});

Deno.test("Progress keeps the highest round when answers arrive out of order (R2)", () => {
  const peer = progress(1);
  for (const round of [5, 7, 6]) peer.heard(round);
  assertEquals(peer.round, 7);
});

Deno.test("Progress sends only heartbeats to a silent peer, and entries when it answers again", () => {
  const peer = progress(1, { electionTicks: 3, heartbeatTicks: 1 });
  for (let tick = 0; tick < 3; tick++) peer.tick();
  const state = leaderWith(3);
  assertEquals([peer.isActive, taken(peer, state), taken(peer, state)], [false, "0+0", null]);
  peer.heard(1);
  assertEquals(taken(peer, state), "0+3");
});

Deno.test("Progress regards a peer as silent when only late answers arrive (E11)", () => {
  const peer = progress(1, { electionTicks: 3, heartbeatTicks: 1 });
  peer.heard(7);
  for (const round of [7, 6, 7]) {
    assert(peer.isActive);
    peer.tick();
    peer.heard(round);
  }
  assert(!peer.isActive);
  peer.heard(8);
  assert(peer.isActive);
});

const IMAGE = { last: momentOf(5, 1), members: MEMBERS, data: new Uint8Array(5) };

/** A peer that needs the image, and was asked how much of it it has. */
function receiving(state: Replicated, options: Partial<RaftOptions> = {}): Progress {
  const peer = progress(3, { snapshotChunkBytes: 2, heartbeatTicks: 2, ...options });
  assertEquals([taken(peer, state), taken(peer, state)], ["@0+0", null]);
  return peer;
}

Deno.test("Progress asks how much of a snapshot the peer has, and sends the rest in its window", () => {
  const state = leaderWith(2, IMAGE);
  const peer = receiving(state, { inFlightAppendsMax: 2 });
  receives(peer, 0);
  assertEquals([taken(peer, state), taken(peer, state)], ["@0+2 @2+2", null]);
  receives(peer, 2);
  assertEquals(taken(peer, state), "@4+1");
  assertEquals(peer.status(IMAGES).transfer, { received: 2, total: 5 });
  peer.accepted(5, 0);
  assertEquals([taken(peer, state), peer.status(IMAGES).transfer], ["5+2", null]);
});

Deno.test("Progress goes on with a transfer where the peer has got, after an election or restart (S6)", () => {
  const state = leaderWith(2, IMAGE);
  const peer = receiving(state);
  receives(peer, 4);
  assertEquals(taken(peer, state), "@4+1");
});

Deno.test("Progress resends chunks only when the answer to a question shows that they were lost (S6)", () => {
  const state = leaderWith(0, IMAGE);
  const peer = receiving(state);
  const other = { received: 3, cursor: new Uint8Array(0), round: 0 };
  const earlier = { type: "installSnapshotReply", last: { index: 4, term: 1 }, ...other } as const;
  peer.received(earlier, { images: IMAGES, held: null });
  assertEquals(taken(peer, state), null);
  receives(peer, 0);
  assertEquals(taken(peer, state), "@0+2 @2+2 @4+1");
  receives(peer, 0); // the same answer, twice
  assertEquals(taken(peer, state), null);
  for (let tick = 0; tick < 2; tick++) peer.tick();
  peer.isDue = true;
  assertEquals(taken(peer, state, 7), "@5+0");
  receives(peer, 0, 6); // the answer to a question that was asked before these chunks
  assertEquals(taken(peer, state, 7), null);
  receives(peer, 2, 7); // progress
  assertEquals(taken(peer, state, 7), null);
  for (let tick = 0; tick < 2; tick++) peer.tick();
  peer.isDue = true;
  assertEquals(taken(peer, state, 8), "@5+0");
  receives(peer, 0, 8); // the peer has restarted
  assertEquals(taken(peer, state, 8), "@0+2 @2+2 @4+1");
});

Deno.test("Progress asks again when all was received but never installed (S6)", () => {
  const state = leaderWith(0, IMAGE);
  const peer = receiving(state);
  receives(peer, 0);
  taken(peer, state);
  receives(peer, 5);
  peer.isDue = true;
  assertEquals(taken(peer, state, 3), "@5+0");
  receives(peer, 0, 3);
  assertEquals(taken(peer, state, 3), "@0+2 @2+2 @4+1");
});

Deno.test("Progress has no news of commits for a peer that gets a snapshot (S6)", () => {
  const peer = receiving(leaderWith(2, IMAGE));
  assertEquals(peer.awaitsCommit(7), false);
  peer.accepted(5, 0);
  assertEquals(peer.awaitsCommit(7), true);
});

Deno.test("Progress claims nothing in a heartbeat while chunks are under way (S6)", () => {
  const state = leaderWith(0, IMAGE);
  const peer = receiving(state);
  receives(peer, 0);
  taken(peer, state);
  peer.isDue = true;
  assertEquals(taken(peer, state), "0+0");
  peer.accepted(1, 0); // it has that much, which is not enough
  assertEquals([peer.status(IMAGES).mode, peer.match], ["snapshot", 1]);
});

Deno.test("Progress offers an unreachable server the newest snapshot, and keeps no older one (S7)", () => {
  const image = (index: number) => ({
    last: momentOf(index, 1),
    members: MEMBERS,
    data: new Uint8Array(index),
  });
  const options = { electionTicks: 2, heartbeatTicks: 1, snapshotChunkBytes: 4 };
  const peer = progress(1, options);
  const offered = () => peer.transferring;
  assertEquals([taken(peer, leaderWith(0, image(5))), offered()], ["@0+0", 5]);
  assertEquals([taken(peer, leaderWith(0, image(6))), offered()], [null, 5]); // it may be in flight
  for (let tick = 0; tick < 2; tick++) peer.tick();
  assertEquals([taken(peer, leaderWith(0, image(7))), offered()], ["@0+0", 7]);
  peer.heard(1);
  receives(peer, 0); // about the earlier one
  assertEquals([taken(peer, leaderWith(0, image(8))), offered()], [null, 7]);
  const log = new Log(momentOf(7, 1), entries(8, 1));
  peer.accepted(7, 0); // it has it from elsewhere
  assertEquals(taken(peer, { ...leaderWith(0, image(8)), log }), "7+1");
});

Deno.test("Progress sends heartbeats only to a peer that needs a snapshot before one is durable", () => {
  const log = new Log(momentOf(4, 1), entries(5, 4));
  const peer = progress(3);
  const state = { ...leaderWith(0), log };
  assertEquals([taken(peer, state), taken(peer, state)], ["0+0", null]);
});
