/**
 * Tests of the peers of a leader while its configuration changes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Configuration, type Member } from "../members/mod.ts";
import { fillRaftOptions, Log, ORIGIN } from "../model/mod.ts";
import { entryOf } from "../../../tests/helpers/log_entries.ts";
import { ByteImages } from "./byte_images.ts";
import { Peers } from "./peers.ts";

const options = fillRaftOptions({ id: 1, peers: [1, 2, 3], electionTicks: 4, heartbeatTicks: 1 });
const placed = (index: number, ids: readonly number[]) => ({
  index,
  configuration: Configuration.of(ids),
});
const images = new ByteImages();
const idsOf = (peers: Peers) => peers.all.map(({ id }) => id);

function peersOf(...ids: readonly number[]): Peers {
  return new Peers(options, placed(0, ids), 5);
}

/** Sends a peer everything, and lets it answer that it has that. */
function answer(peers: Peers, id: number, commit: number): void {
  const peer = peers.get(id)!;
  const entries = [1, 2, 3, 4, 5].map((index) => entryOf(index, 1));
  const log = new Log({ ...ORIGIN, times: { steady: 0, wall: 0 } }, entries);
  peer.isDue = true;
  peer.takeMessages({ log, snapshot: null, images, commit, round: 0, waiting: 0 });
  peer.heard(0);
  peer.accepted(5, 0);
}

Deno.test("Peers has every member but the leader itself, old voters and learners included", () => {
  const voters = Configuration.of([1, 2]).members.voters;
  const outgoing = Configuration.of([1, 3]).members.voters;
  const learners = Configuration.of([4]).members.voters;
  const configuration = new Configuration({ voters, outgoing, learners });
  const peers = new Peers(options, { index: 0, configuration }, 5);
  assertEquals(idsOf(peers).sort(), [2, 3, 4]);
});

Deno.test("Peers keeps what it knows of a member, and knows nothing of another incarnation (M12)", () => {
  const member = (incarnation: string): Member => ({ id: 2, incarnation, peer: "", client: "" });
  const withTwo = (incarnation: string, index: number) => ({
    index,
    configuration: new Configuration({
      voters: Configuration.of([1]).members.voters,
      outgoing: [],
      learners: [member(incarnation)],
    }),
  });
  const peers = new Peers(options, withTwo("old", 0), 5);
  answer(peers, 2, 5);
  peers.follow(withTwo("old", 6), 6);
  assertEquals(peers.get(2)?.match, 5);
  peers.follow(withTwo("new", 7), 7);
  assertEquals(peers.get(2)?.match, 0);
});

Deno.test("Peers lets a removed peer go when it knows, or after a while (M7)", () => {
  const peers = peersOf(1, 2, 3);
  peers.follow(placed(5, [1]), 5);
  answer(peers, 2, 4);
  peers.tick(5);
  assertEquals(idsOf(peers), [2, 3]);
  answer(peers, 2, 5);
  peers.tick(5);
  assertEquals(idsOf(peers), [3]);
  for (let tick = 0; tick < 16; tick++) peers.tick(5);
  assertEquals(idsOf(peers), []);
});

Deno.test("Peers has a removed peer that is added again as a member", () => {
  const peers = peersOf(1, 2);
  peers.follow(placed(6, [1]), 6);
  peers.follow(placed(7, [1, 2]), 7);
  for (let tick = 0; tick < 20; tick++) peers.tick(7);
  assertEquals(idsOf(peers), [2]);
});

Deno.test("Peers names the voter with the longest log as the best, among those that answer (M10)", () => {
  const peers = peersOf(1, 2, 3);
  const { configuration } = placed(0, [1, 2, 3]);
  answer(peers, 3, 5);
  assertEquals(peers.best(configuration), 3);
  for (let tick = 0; tick < 4; tick++) peers.tick(5);
  assertEquals(peers.best(configuration), null);
});

Deno.test("Peers has caught up only with a peer that answers (M5)", () => {
  const peers = peersOf(1, 2);
  answer(peers, 2, 5);
  peers.tick(5);
  assertEquals([peers.hasCaughtUp(2), peers.hasCaughtUp(9)], [true, false]);
  for (let tick = 0; tick < 4; tick++) peers.tick(5);
  assertEquals(peers.hasCaughtUp(2), false);
});
