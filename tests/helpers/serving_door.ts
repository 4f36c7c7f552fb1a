/**
 * A node with its HTTP port, for tests.
 *
 * @module
 */

import type { RunningNode } from "../../cli/node/mod.ts";
import { openDoor } from "../../net/http/mod.ts";
import { jsonRoutes } from "../../net/http/json/mod.ts";
import { connect } from "../../net/store/mod.ts";
import { withServingNode } from "./serving_node.ts";
import { withFolder } from "./with_folder.ts";

/** Runs with a node that serves the JSON routes at an address. */
export async function withJsonDoor(
  work: (base: string, node: RunningNode) => Promise<void>,
): Promise<void> {
  await withServingNode((endpoint, node) =>
    withFolder(async (folder) => {
      const store = connect([endpoint]);
      const door = await openDoor({
        listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
        socket: `${folder}/http.sock`,
        routes: jsonRoutes(store),
        ...{ token: null, names: [], log: (line) => console.error(line) },
      });
      try {
        await work(`http://127.0.0.1:${door.address.port}`, node);
      } finally {
        await door.close();
        await store.close();
      }
    })
  );
}
