/**
 * Tests of what a server is by the configurations of its log.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { entryOf, MEMBERS, momentOf } from "../../../tests/helpers/log_entries.ts";
import { Configuration, encodeMembers } from "../members/mod.ts";
import { BEGIN, Log } from "../model/mod.ts";
import { Membership } from "./membership.ts";

const OPTIONS = { id: 1, peers: [1, 2, 3] };

/** A log that begins with voters 1, 2 and 3 and holds other voters at these indexes. */
function logWith(...voters: readonly (readonly number[])[]): Log {
  const entries = voters.map((ids, place) => ({
    ...entryOf(place + 1, 1),
    kind: "members" as const,
    data: encodeMembers(Configuration.of(ids).members),
  }));
  return new Log(BEGIN, entries, new Configuration(MEMBERS));
}

Deno.test("Membership lets a voter stand, and no bystander (M9)", () => {
  assertEquals(new Membership(OPTIONS, logWith()).mayStand(0), true);
  assertEquals(new Membership({ ...OPTIONS, id: 4 }, logWith()).mayStand(0), false);
  assertEquals(new Membership({ ...OPTIONS, id: 4 }, logWith([1, 4])).mayStand(0), true);
});

Deno.test("Membership lets a voter stand that leaves, until that is committed (M9)", () => {
  const membership = new Membership(OPTIONS, logWith([2, 3]));
  assertEquals([membership.isVoter, membership.mayStand(0)], [false, true]);
  assertEquals(membership.mayStand(1), false);
});

Deno.test("Membership lets a voter stand of any configuration since the last commit (M9)", () => {
  const membership = new Membership({ ...OPTIONS, id: 4 }, logWith([3, 4], [3]));
  assertEquals([0, 1, 2].map((commit) => membership.mayStand(commit)), [true, true, false]);
});

Deno.test("Membership knows a server with another incarnation as another server (M12)", () => {
  const voters = [{ id: 1, incarnation: "old", peer: "", client: "" }];
  const configuration = new Configuration({ voters, outgoing: [], learners: [] });
  const log = new Log(BEGIN, [], configuration);
  const isVoter = (incarnation: string) => new Membership({ ...OPTIONS, incarnation }, log).isVoter;
  assertEquals(["old", "new", ""].map(isVoter), [true, false, true]);
});

Deno.test("Membership is lost with a committed configuration, and comes back with another (M7)", () => {
  const log = logWith();
  const membership = new Membership(OPTIONS, log);
  assertEquals(membership.takeNews(), null);
  log.append({ ...logWith([2, 3]).slice(1, { entriesMax: 1, bytesMax: 99 }).entries[0]! });
  assertEquals(membership.takeNews()?.voters.map(({ id }) => id), [2, 3]);
  assertEquals([0, 1].map((commit) => membership.isRemoved(commit)), [false, true]);
  const data = encodeMembers(MEMBERS);
  log.append({ ...entryOf(2, 1), kind: "members", data });
  assertEquals(membership.isRemoved(1), false);
});

Deno.test("Membership is lost for a server that restarts after the entry that removed it (M7)", () => {
  const added = logWith([1, 2, 3, 4], [2, 3]);
  assertEquals([1, 2].map((commit) => new Membership(OPTIONS, added).isRemoved(commit)), [
    ...[false, true],
  ]);
  const later = new Membership({ ...OPTIONS, id: 4 }, added);
  assertEquals([1, 2].map((commit) => later.isRemoved(commit)), [false, true]);
});

Deno.test("Membership is not lost by a server that was never a member (M7)", () => {
  const membership = new Membership({ ...OPTIONS, id: 4 }, logWith([2, 3]));
  assertEquals([membership.isRemoved(1), membership.mayStand(1)], [false, false]);
});

Deno.test("Membership is lost by what a member says, unless it is older than what is known (M7)", () => {
  const membership = new Membership(OPTIONS, logWith([1, 2], [1, 2, 3]));
  membership.removed(1);
  assertEquals([membership.isRemoved(0), membership.mayStand(0)], [false, true]);
  membership.removed(2);
  assertEquals([membership.isRemoved(0), membership.mayStand(0)], [true, false]);
});

Deno.test("Membership excludes others by what is committed, and only as a member itself (M7)", () => {
  const membership = new Membership(OPTIONS, logWith([1, 2]));
  assertEquals([0, 1].map((commit) => membership.excludes(3, commit)), [false, true]);
  assertEquals(membership.excludes(2, 1), false);
  const stranger = new Membership({ ...OPTIONS, id: 4 }, logWith([1, 2]));
  assertEquals(stranger.excludes(3, 1), false);
});

Deno.test("Membership by a snapshot is that of its members (M11)", () => {
  const { members } = Configuration.of([2, 3]);
  const log = logWith();
  log.reset(momentOf(9, 1), members);
  assertEquals(new Membership(OPTIONS, log).mayStand(9), false);
});
