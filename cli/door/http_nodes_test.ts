/**
 * The nodes that answer HTTP, on servers that answer with reports.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RpcServer, type WireValue } from "../../net/mod.ts";
import type { NodeReport } from "../table/mod.ts";
import { HttpNodes } from "./http_nodes.ts";

const reportOf = (role: string, http: string | null): WireValue => ({
  ...{ id: 1, clients: [], status: { role, term: 1 } },
  http,
});

/** A server that gives this answer; `undefined`: it gives none. */
function serving(
  answer: WireValue | undefined,
): { readonly close: () => void; readonly at: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = new RpcServer({
    ...{ listener, cluster: "c", id: 1, log: () => {} },
    handle: (_, reply) => {
      if (answer !== undefined) reply(answer);
    },
  });
  return { close: () => server.close(), at: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}` };
}

Deno.test("nodes that answer are listed with their part, and others are left out", async () => {
  const servers = [
    serving(reportOf("leader", "http://b:1")),
    serving(reportOf("follower", "http://c:2")),
    serving(reportOf("follower", null)),
    serving("nonsense"),
    serving(undefined),
  ];
  const own = () => reportOf("follower", "http://a:3") as unknown as NodeReport;
  const others = () => [...servers.map(({ at }) => at), "127.0.0.1:1"];
  const nodes = new HttpNodes({ own, others, cluster: "c" });
  try {
    assertEquals(await nodes.list(), [
      { url: null, isLeader: false },
      { url: "http://b:1", isLeader: true },
      { url: "http://c:2", isLeader: false },
    ]);
    const [one, other] = [nodes.list(), nodes.list()];
    assertEquals(one === other, true);
    await one;
  } finally {
    nodes.close();
    for (const server of servers) server.close();
  }
});

Deno.test("nodes that were added are listed, and those that were replaced are not", async () => {
  const [old, added] = [
    serving(reportOf("leader", "http://old:1")),
    serving(reportOf("leader", "http://new:2")),
  ];
  let others = [old.at];
  const own = () => reportOf("follower", "http://a:3") as unknown as NodeReport;
  const nodes = new HttpNodes({ own, others: () => others, cluster: "c" });
  try {
    const urls = async () => (await nodes.list()).map(({ url }) => url);
    assertEquals(await urls(), [null, "http://old:1"]);
    others = [old.at, added.at];
    assertEquals(await urls(), [null, "http://old:1", "http://new:2"]);
    others = [added.at];
    assertEquals(await urls(), [null, "http://new:2"]);
  } finally {
    nodes.close();
    for (const server of [old, added]) server.close();
  }
});
