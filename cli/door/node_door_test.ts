/**
 * The HTTP port of a node: where it listens, and what its health says.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { startNode } from "../../tests/helpers/serving_node.ts";
import { listLog } from "../../tests/helpers/list_log.ts";
import { until } from "../../tests/helpers/until.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { type HttpSettings, openNodeDoor } from "./node_door.ts";
import type { NodeSettings } from "../node/mod.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** Runs with a node, alone in its cluster, and the way to open its port. */
async function withNode(
  work: (open: (http: HttpSettings) => ReturnType<typeof openNodeDoor>) => Promise<void>,
  settings: Partial<NodeSettings> = {},
): Promise<void> {
  await withFolder(async (data) => {
    const node = await startNode({ data, hasHttp: true, ...settings });
    const own = { id: 1, cluster: "test", data, log: listLog([]) };
    try {
      await work((http) => openNodeDoor(node, own, http));
    } finally {
      await node.stop();
    }
  });
}

Deno.test("a node is live at once, and ready when it knows a leader", async () => {
  await withNode(async (open) => {
    const door = await open({ address: ANYWHERE, token: "secret" });
    try {
      const base = `http://127.0.0.1:${door.address.port}`;
      const ask = async (path: string) => await (await fetch(base + path)).json();
      assertEquals((await ask("/livez")).ok, true);
      await until(async () => (await ask("/readyz")).ok, "a leader");
      const { checks } = await ask("/readyz");
      const names = checks.map(({ name }: { readonly name: string }) => name);
      assertEquals(names, ["eventLoop", "member", "leader", "applied"]);
      assertEquals(checks[2].found, "n1 in term 1");
    } finally {
      await door.close();
    }
  });
});

Deno.test("a port that other machines reach is not opened without a token", async () => {
  await withNode(async (open) => {
    const address = { hostname: "0.0.0.0", port: 0 };
    const sentence = "Cannot listen for HTTP at 0.0.0.0: wanted --http-token";
    await assertRejects(() => open({ address, token: null }), RangeError, sentence);
    const door = await open({ address, token: "secret" });
    await door.close();
  });
});

Deno.test("a node that listens for no clients has no HTTP port either", async () => {
  await withNode(async (open) => {
    const opening = () => open({ address: ANYWHERE, token: null });
    await assertRejects(opening, RangeError, "wanted --clients with --http");
  }, { clients: null });
});
