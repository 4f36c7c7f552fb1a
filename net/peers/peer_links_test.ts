/**
 * Tests of the links to peers that come and go.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Configuration, NO_STARTS, type NodeId } from "../../raft/mod.ts";
import { PEER_VERSIONS } from "./peer_hello.ts";
import { PeerLink } from "./peer_link.ts";
import { type Links, PeerLinks } from "./peer_links.ts";
import { Refusals } from "../wire/refusals.ts";
import { TCP_LIMITS } from "../wire/tcp_options.ts";

const SELF = {
  ...{ cluster: "test", clusterId: "", id: 1, incarnation: "", incarnationOf: () => "" },
  ...{
    asOf: { index: 0, term: 0 },
    client: "",
    members: "",
    certificate: null,
    held: () => null,
    ...{ starts: NO_STARTS, heard: [] },
    versions: PEER_VERSIONS,
  },
};

/** Links that never dial: no peer has an address. */
function linksAt(clock: { now: number }, peers: readonly NodeId[]): PeerLinks {
  const link = (peer: NodeId, line: "small" | "bulk"): PeerLink =>
    new PeerLink({
      ...{ self: () => SELF, peer, line, run: 1 },
      ...{ address: () => "", limits: TCP_LIMITS, random: () => 0 },
      refusals: new Refusals({ log: () => {}, now: () => clock.now }),
      log: () => {},
      refused: () => {},
    });
  const make = (peer: NodeId): Links => ({ small: link(peer, "small"), bulk: link(peer, "bulk") });
  return new PeerLinks({ id: 1, make, now: () => clock.now }, peers);
}

const idsOf = (links: PeerLinks) => [...links].map(([id]) => id);

Deno.test("PeerLinks has every member but this server", () => {
  const links = linksAt({ now: 0 }, [1, 2]);
  assertEquals(idsOf(links), [2]);
  links.connect(Configuration.of([1, 2, 3]).members);
  assertEquals([idsOf(links), links.advertised], [[2, 3], ""]);
});

Deno.test("PeerLinks dismisses a former member that was silent for ten seconds, and no other", () => {
  const clock = { now: 0 };
  const links = linksAt(clock, [1, 2, 3, 4]);
  links.connect(Configuration.of([1, 2]).members);
  clock.now = 9_999;
  links.dismissGuests(new Set([4]));
  assertEquals(idsOf(links), [2, 3, 4]);
  clock.now = 10_000;
  links.dismissGuests(new Set());
  assertEquals(idsOf(links), [2, 4]);
  links.connect(Configuration.of([1, 2, 4]).members);
  clock.now = 99_999;
  links.dismissGuests(new Set());
  assertEquals(idsOf(links), [2, 4]);
});

Deno.test("PeerLinks admits a peer that is no member only if it says where it listens, and a few", () => {
  const links = linksAt({ now: 0 }, [1, 2]);
  assertEquals([links.admit(2, ""), links.admit(3, ""), links.admit(1, "127.0.0.1:1")], [
    true,
    false,
    false,
  ]);
  const admitted = Array.from({ length: 20 }, (_, place) => links.admit(10 + place, "127.0.0.1:1"));
  assertEquals(admitted.filter((isAdmitted) => isAdmitted).length, 16);
  for (const link of links.all()) link.close();
});
