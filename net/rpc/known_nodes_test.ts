/**
 * Tests of how a client learns the members, against servers that report any.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { serve } from "../../tests/helpers/rpc_server.ts";
import { until } from "../../tests/helpers/until.ts";
import type { Answer, RpcServer } from "./mod.ts";
import type { WireValue } from "../wire/mod.ts";
import { KnownNodes } from "./known_nodes.ts";

interface Reporting {
  readonly endpoint: string;
  readonly server: RpcServer;
  /** How often it was asked. */
  asked: number;
}

/** What the nodes report: which members there are, as of an entry that may be committed. */
interface Members {
  clients: { id: number; endpoint: string }[];
  asOf: number;
  commit: number;
}

/** A node that reports what the test says at the moment. */
function node(id: number, members: Members, clusterId = "c"): Reporting {
  const handle = (request: WireValue, reply: Answer): boolean => {
    if (request !== "report") return false;
    reporting.asked++;
    const { asOf: membersIndex, commit, clients } = members;
    reply({ status: { membersIndex, commit }, clients } as unknown as WireValue);
    return true;
  };
  const { server, address: { hostname, port } } = serve(handle, { id, clusterId });
  const reporting: Reporting = { server, endpoint: `${hostname}:${port}`, asked: 0 };
  return reporting;
}

const PAUSE_MS = 250;
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

Deno.test("KnownNodes learns the members from one node, and follows when they change", async () => {
  const members: Members = { clients: [], asOf: 0, commit: 9 };
  const servers = [1, 2, 3, 4].map((id) => node(id, members));
  const clientsOf = (ids: readonly number[]) =>
    ids.map((id) => ({ id, endpoint: servers[id - 1]!.endpoint }));
  members.clients = clientsOf([1, 2, 3]);
  const nodes = new KnownNodes([servers[0]!.endpoint], "test");
  assertEquals([nodes.places, nodes.find(3)], [[0], null]);
  await until(() => nodes.places.length === 3);
  assertEquals([1, 2, 3, 4].map((id) => nodes.find(id)), [0, 1, 2, null]);

  // A change that is not committed may be rolled back, and an older one is old news.
  for (const asOf of [10, -1]) {
    Object.assign(members, { clients: clientsOf([4]), asOf });
    await pause();
    nodes.ask();
    await pause();
    assertEquals(nodes.places, [0, 1, 2]);
  }
  members.asOf = 5;
  nodes.ask();
  await until(() => nodes.find(4) === 3);
  assertEquals(nodes.places, [0, 3], "what was given stays, and what was learned goes");
  nodes.close();
  for (const { server } of servers) server.close();
});

Deno.test("KnownNodes asks no node of another cluster of the same name (I1)", async () => {
  const members: Members = { clients: [], asOf: 0, commit: 9 };
  const [ours, other] = [node(1, members), node(2, members, "d")];
  members.clients = [ours, other].map(({ endpoint }, at) => ({ id: at + 1, endpoint }));
  const nodes = new KnownNodes([ours.endpoint], null);
  nodes.used();
  await until(() => nodes.places.length === 2);
  const outcome = await nodes.client(1).call("report", { withinMs: 5_000 });
  assertEquals([outcome, other.asked], [{ kind: "neverSent", reason: "noConnection" }, 0]);
  assertEquals((await nodes.client(0).call("report", { withinMs: 5_000 })).kind, "replied");
  nodes.close();
  for (const { server } of [ours, other]) server.close();
});

Deno.test("KnownNodes is bounded, and asks seldom, whatever nodes report", async () => {
  const members: Members = { clients: [], asOf: 0, commit: 9 };
  const one = node(1, members);
  members.clients = Array.from({ length: 1_000 }, (_, at) => ({
    id: at + 1,
    endpoint: `127.0.0.1:${10_000 + at}`,
  }));
  const nodes = new KnownNodes([one.endpoint], null);
  for (let times = 0; times < 1_000; times++) nodes.ask();
  await until(() => nodes.places.length > 1);
  assertEquals([nodes.places.length <= 65, one.asked], [true, 1]);
  nodes.close();
  one.server.close();
});

Deno.test("KnownNodes asks nothing and connects to no node after it was closed", async () => {
  const members: Members = { clients: [], asOf: 0, commit: 9 };
  const [first, second] = [node(1, members), node(2, members)];
  members.clients = [first, second].map(({ endpoint }, place) => ({ id: place + 1, endpoint }));
  const nodes = new KnownNodes([first.endpoint], "test");
  nodes.ask();
  await until(() => nodes.places.length === 2);
  const { asked } = first;
  nodes.close();
  await pause();
  nodes.ask();
  await pause();
  assertEquals([first.asked, nodes.places.length], [asked, 2]);
  first.server.close();
  second.server.close();
});

Deno.test("KnownNodes refuses addresses that are none", () => {
  assertThrows(() => new KnownNodes([], null), RangeError, "wanted addresses, got none");
  assertThrows(() => new KnownNodes(["x"], null), RangeError, 'wanted HOST:PORT, got "x"');
});
