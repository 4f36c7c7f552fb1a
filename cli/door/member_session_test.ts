/**
 * The members that the page of a node shows.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RpcServer } from "../../net/mod.ts";
import type { NodeReport } from "../table/mod.ts";
import { MemberSession, placesOf } from "./member_session.ts";

/** A node that answers with its name. */
function serving(id: number): { readonly close: () => void; readonly at: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = new RpcServer({
    ...{ listener, cluster: "c", id, log: () => {} },
    handle: (_, reply) => reply(`node ${id}`),
  });
  return { close: () => server.close(), at: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}` };
}

Deno.test("the session of a node's port follows when nodes are added and replaced", async () => {
  const servers = [1, 2, 3].map(serving);
  let places = new Map([[1, servers[0]!.at], [2, servers[1]!.at]]);
  const session = new MemberSession("c", () => places);
  try {
    const answers = () => Promise.all(session.ids.map((id) => session.ask(id, "who")));
    assertEquals(await answers(), ["node 1", "node 2"]);
    places = new Map([[2, servers[1]!.at], [3, servers[2]!.at]]);
    assertEquals([session.ids, await answers()], [[2, 3], ["node 2", "node 3"]]);
  } finally {
    session.close();
    for (const server of servers) server.close();
  }
});

Deno.test("placesOf has the members, whatever else the command line named", () => {
  const member = (id: number) => ({ id, incarnation: "", peer: "", client: "" });
  const members = { voters: [member(3), member(2)], outgoing: [], learners: [member(4)] };
  const clients = [4, 1, 3, 2].map((id) => ({ id, endpoint: `host:${id}` }));
  const report = { status: { members }, clients } as unknown as NodeReport;
  assertEquals([...placesOf(report)], [[2, "host:2"], [3, "host:3"], [4, "host:4"]]);
});
