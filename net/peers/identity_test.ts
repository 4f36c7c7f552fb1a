/**
 * Two transports on the loopback connect only if their clusters, folders and versions agree.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Envelope,
  type Members,
  NO_STARTS,
  type NodeId,
  type Position,
} from "../../raft/mod.ts";
import { until } from "../../tests/helpers/until.ts";
import type { PeerClaim, PeerIdentity, TcpTransportOptions } from "../wire/tcp_options.ts";
import { PEER_VERSIONS, type PeerHello, refusePeer, type Self } from "./peer_hello.ts";
import { TcpTransport } from "./tcp_transport.ts";

interface Side {
  readonly transport: TcpTransport;
  readonly got: readonly Envelope[];
}

function open(id: NodeId, changes: Partial<TcpTransportOptions> = {}): Side {
  const got: Envelope[] = [];
  const transport = new TcpTransport({
    id,
    cluster: "test",
    peers: [1, 2],
    listen: { hostname: "127.0.0.1", port: 0 },
    receive: (envelope) => void got.push(envelope),
    log: () => {},
    limits: { redialMsMax: 100 },
    ...changes,
  });
  return { transport, got };
}

const NOWHERE: Position = { index: 0, term: 0 };

/** Voters with these folders, beginning with n1. */
function membersOf(known: readonly string[]): Members {
  const voters = known.map((incarnation, at) => {
    return { id: at + 1, incarnation, peer: "", client: "" };
  });
  return { voters, outgoing: [], learners: [] };
}

/** A node with ids, which knows the folders of the others as the list says. */
function identityOf(
  clusterId: string,
  incarnation: string,
  known: readonly string[],
): PeerIdentity {
  const ids = { clusterId, incarnation, founders: membersOf(known) };
  return {
    ...ids,
    certificate: null,
    client: "",
    held: () => NOWHERE,
    starts: NO_STARTS,
    heard: [],
  };
}

/** How two nodes refuse each other, after each has tried; each knows members as of a place. */
async function refusalsBetween(
  one: PeerIdentity,
  two: PeerIdentity,
  asOf: readonly [Position, Position] = [NOWHERE, NOWHERE],
): Promise<readonly string[]> {
  const reasons = new Set<string>();
  const refused = (_peer: number, { reason }: { readonly reason: string }) => reasons.add(reason);
  const sides = [open(1, { identity: one, refused }), open(2, { identity: two, refused })] as const;
  [one, two].forEach(({ founders }, at) => sides[at]!.transport.connect(founders!, asOf[at]!));
  sides[0].transport.setPeer(2, sides[1].transport.address);
  sides[1].transport.setPeer(1, sides[0].transport.address);
  const isIn = () => sides[0].transport.traffic().get(2)?.isConnected ?? false;
  await until(() => reasons.size > 0 || isIn());
  for (const { transport } of sides) transport.close();
  for (const { got } of sides) assertEquals(got, []);
  return [...reasons];
}

/** The other folder means to be the member, and its node refuses the node that knows the first. */
function assertOfFolders(reasons: readonly string[]): void {
  assert(reasons.length > 0);
  for (const reason of reasons) assert(["replaced", "otherFolder"].includes(reason), reason);
}

Deno.test("TcpTransport talks to a member's own folder in the same cluster (I1, I2)", async () => {
  const known = ["a1", "a2"];
  assertEquals(
    await refusalsBetween(identityOf("c", "a1", known), identityOf("c", "a2", known)),
    [],
  );
});

Deno.test("TcpTransport refuses a node of another cluster of the same name (I1)", async () => {
  const [one, two] = [identityOf("c", "a1", ["a1", "a2"]), identityOf("d", "a2", ["a1", "a2"])];
  assertEquals(await refusalsBetween(one, two), ["wrongCluster"]);
});

Deno.test("TcpTransport refuses another folder of a member, and a member that knows another (I2)", async () => {
  const known = identityOf("c", "a1", ["a1", "a2"]);
  assertOfFolders(await refusalsBetween(known, identityOf("c", "b2", ["a1", "b2"])));
  const trusting = identityOf("c", "a1", []);
  assertOfFolders(await refusalsBetween(trusting, identityOf("c", "b2", ["b1", "b2"])));
});

Deno.test("TcpTransport refuses an empty folder in the place of a member's (I2)", async () => {
  const known = identityOf("c", "a1", ["a1", "a2"]);
  const reasons = await refusalsBetween(known, identityOf("", "b2", []));
  assert(reasons.length > 0);
  // The empty folder refuses the members for its part, until one shows that it is a member's.
  for (const reason of reasons) assert(["otherFolder", "unborn"].includes(reason), reason);
});

Deno.test("TcpTransport shows the members to a node of them that has no cluster yet", async () => {
  const certificate = Uint8Array.of(1, 2, 3);
  const shown = Promise.withResolvers<PeerClaim>();
  const one = open(1, { identity: { ...identityOf("c", "a1", ["a1", "a2"]), certificate } });
  const two = open(2, {
    identity: identityOf("", "a2", []),
    met: (_peer, claim) => claim.certificate !== null && shown.resolve(claim),
  });
  one.transport.setPeer(2, two.transport.address);
  const { clusterId, incarnation, certificate: got } = await shown.promise;
  assertEquals([clusterId, incarnation, got], ["c", "a1", certificate]);
  two.transport.close();
  const born = open(2, {
    identity: identityOf("c", "a2", ["a1", "a2"]),
  });
  one.transport.setPeer(2, born.transport.address);
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  one.transport.close();
  born.transport.close();
});

Deno.test("TcpTransport speaks the highest version that both sides speak", async () => {
  const versions = (lowest: number, highest: number) => ({
    versions: { lowest, highest, features: 0 },
  });
  for (const [low, high] of [[4, 4], [4, 5], [3, 4]]) {
    const [one, two] = [open(1, versions(low!, high!)), open(2)];
    one.transport.setPeer(2, two.transport.address);
    two.transport.setPeer(1, one.transport.address);
    await until(() => one.transport.traffic().get(2)?.isConnected === true);
    await until(() => two.transport.traffic().get(1)?.isConnected === true);
    one.transport.close();
    two.transport.close();
  }
});

Deno.test("TcpTransport accepts a folder that replaced another, also before this node knows of the change (I5)", async () => {
  const lagging = identityOf("c", "a1", ["a1", "a2"]);
  const fresh = identityOf("c", "b2", ["a1", "b2"]);
  const early = { index: 9, term: 3 };
  for (const late of [{ index: 10, term: 3 }, { index: 5, term: 4 }]) {
    assertEquals(await refusalsBetween(lagging, fresh, [early, late]), []);
  }
  for (const late of [early, { index: 8, term: 3 }, { index: 99, term: 2 }]) {
    assertOfFolders(await refusalsBetween(lagging, fresh, [early, late]));
  }
});

Deno.test("TcpTransport ends the connections of a folder that the members replace (I5)", async () => {
  const known = ["a1", "a2"];
  const [one, two] = [
    open(1, { identity: identityOf("c", "a1", known) }),
    open(2, {
      identity: identityOf("c", "a2", known),
    }),
  ];
  one.transport.setPeer(2, two.transport.address);
  two.transport.setPeer(1, one.transport.address);
  const isConnected = (side: Side, peer: NodeId) =>
    side.transport.traffic().get(peer)?.isConnected ?? false;
  await until(() => isConnected(one, 2) && isConnected(two, 1));
  one.transport.connect(membersOf(["a1", "b2"]), { index: 9, term: 3 });
  assertEquals(isConnected(one, 2), false);
  await until(() => !isConnected(two, 1));
  one.transport.close();
  two.transport.close();
});

Deno.test("refusePeer refuses what lacks a cluster, and what means another folder (I2)", () => {
  const none = { index: 0, term: 0 };
  const mine: Self = {
    ...{ cluster: "test", clusterId: "c", id: 1, incarnation: "a1", members: "", asOf: none },
    ...{ versions: PEER_VERSIONS, incarnationOf: (id) => id === 2 ? "a2" : "" },
  };
  const hello: PeerHello = {
    ...{ versions: PEER_VERSIONS, cluster: "test", clusterId: "c", from: 2, incarnation: "a2" },
    ...{ wanted: "a1", to: 1, run: 1, dial: 1, line: "small", members: "", address: "" },
    ...{ certificate: null, asOf: none, client: "", held: null, starts: NO_STARTS },
  };
  const refusal = (change: Partial<PeerHello>) =>
    refusePeer({ ...hello, ...change }, mine)?.refusal;
  assertEquals(refusal({}), undefined);
  assertEquals(refusal({ clusterId: "" }), "unborn");
  assertEquals(refusal({ clusterId: "", incarnation: "b2" }), "otherFolder");
  assertEquals(refusal({ clusterId: "", from: 3 }), "notAMember");
  assertEquals(refusal({ wanted: "b1" }), "otherFolder");
  assertEquals(refusal({ incarnation: "b2" }), "replaced");
});

Deno.test("TcpTransport dials no peer before its folder is open (D8)", async () => {
  let held: Position | null = null;
  const identity = { ...identityOf("c", "a1", ["a1", "a2"]), held: () => held };
  const [one, two] = [
    open(1, { identity }),
    open(2, {
      identity: identityOf("c", "a2", ["a1", "a2"]),
    }),
  ];
  one.transport.setPeer(2, two.transport.address);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(one.transport.traffic().get(2)?.connects ?? 0, 0);
  held = NOWHERE;
  await until(() => one.transport.traffic().get(2)?.isConnected === true);
  one.transport.close();
  two.transport.close();
});

Deno.test("TcpTransport tells which features each peer has announced (O9)", async () => {
  const [one, two] = [open(1, { features: 1 }), open(2, { features: 3 })];
  assertEquals(one.transport.features(2), null);
  one.transport.setPeer(2, two.transport.address);
  two.transport.setPeer(1, one.transport.address);
  await until(() => one.transport.features(2) !== null && two.transport.features(1) !== null);
  assertEquals([one.transport.features(2), two.transport.features(1)], [3, 1]);
  one.transport.close();
  two.transport.close();
});
