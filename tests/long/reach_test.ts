/**
 * How commands find the nodes, and their messages about nodes that do not answer.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../../cli/cluster/free_port.ts";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import {
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../helpers/commands.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test("commands say why there is no answer from a majority", async () => {
  const nowhere = `127.0.0.1:${freePort()}`;
  const stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  hangUpOnAll(stranger);
  const other = `127.0.0.1:${stranger.addr.port}`;
  try {
    await withCluster(async ({ flags }) => {
      const file = JSON.parse(await Deno.readTextFile(`${flags[1]}/cluster.json`));
      const peerPort: string = file.nodes[0].peers;
      const cases: readonly (readonly [string, string])[] = [
        [nowhere, `Nothing listens at ${nowhere}.`],
        ["nowhere.invalid:1", "There is no such host: nowhere.invalid:1."],
        [peerPort, `For peers, not for clients: ${peerPort}.`],
        [other, `No Kontiki node, but something else at ${other}.`],
        [`${nowhere},${peerPort}`, `Nothing listens at ${nowhere}; for peers, not`],
      ];
      for (const [place, message] of cases) {
        const line = ["get", "a", "--endpoints", place, "--timeout", "600ms", "--json"];
        const { code, out } = await run(line);
        assertEquals(code, exitCodes.unavailable);
        assertStringIncludes(JSON.parse(out).message, message);
      }
    });
  } finally {
    stranger.close();
  }
});

async function hangUpOnAll(listener: Deno.Listener): Promise<void> {
  for await (const connection of listener) connection.close();
}

Deno.test("commands say that another cluster answers at one of their addresses", async () => {
  await withFolder(async (folder) => {
    const node = start([
      ...["node", "--id", "1", "--peers", "1=127.0.0.1:0", "--clients", "127.0.0.1:0"],
      ...["--cluster", "other", "--data", `${folder}/other`],
    ]);
    try {
      const { clients } = JSON.parse(await firstLine(node.stdout));
      const place = `127.0.0.1:${clients.port}`;
      const nodes = [{ id: 1, peers: "127.0.0.1:1", clients: place }];
      const file = JSON.stringify({ format: 1, cluster: "mine", nodes });
      await Deno.writeTextFile(`${folder}/cluster.json`, file);
      const { code, error } = await run(["get", "a", "--data", folder, "--timeout", "500ms"]);
      assertEquals(code, exitCodes.unavailable);
      assertStringIncludes(error, `Of another cluster: ${place}`);
    } finally {
      await killCommand(node);
    }
  });
});

Deno.test("status shows the address of every node, and no name of a node that it never reached", async () => {
  await withCluster(async ({ flags, endpoints }) => {
    const [first] = endpoints.split(",");
    const local = await run(["status", ...flags]);
    for (const endpoint of endpoints.split(",")) assertStringIncludes(local.out, endpoint);

    const nowhere = `127.0.0.1:${freePort()}`;
    const remote = await run(["status", "--json", "--endpoints", `${nowhere},${first}`]);
    const { nodes } = JSON.parse(remote.out);
    assertEquals(nodes[0], { id: null, endpoint: nowhere, unreachable: true, reason: "refused" });
    assertEquals(nodes.slice(1).map(({ id }: { id: number }) => id).toSorted(), [1, 2, 3]);
    const text = await run(["status", "--endpoints", nowhere]);
    assertEquals(text.code, exitCodes.unavailable);
    assert(!/\bn\d/.test(text.out), text.out);
    assertStringIncludes(text.error, `Nothing listens at ${nowhere}.`);
  });
});

Deno.test("a client that knows one node learns where the others are", async () => {
  await withCluster(async ({ flags, endpoints }) => {
    const { leader, nodes } = JSON.parse((await run(["status", "--json", ...flags])).out);
    const at = nodes.findIndex(({ id }: { id: number }) => id !== leader);
    const follower = endpoints.split(",")[at]!;
    const put = await run(["put", "a", "b", "--endpoints", follower]);
    assertEquals(put.code, exitCodes.ok, put.error);
    const status = await run(["status", "--json", "--endpoints", follower]);
    const found = JSON.parse(status.out).nodes.map(({ endpoint }: { endpoint: string }) =>
      endpoint
    );
    assertEquals(found.toSorted(), endpoints.split(",").toSorted());
  });
});

Deno.test("nodes that were given only their own address leave it to the client to name the leader of a write", async () => {
  await withFolder(async (folder) => {
    const ports = [1, 2, 3].map(() => freePort());
    const peers = ports.map((port, at) => `${at + 1}=127.0.0.1:${port}`).join(",");
    const nodes = [1, 2, 3].map((id) =>
      start([
        ...["node", "--bootstrap", "--id", `${id}`, "--peers", peers, "--clients", "127.0.0.1:0"],
        ...["--data", `${folder}/n${id}`],
      ])
    );
    try {
      const places: string[] = [];
      for (const node of nodes) {
        const { clients } = JSON.parse(await firstLine(node.stdout));
        places.push(`127.0.0.1:${clients.port}`);
      }
      const put = await run(["put", "a", "1", "--timeout", "30s", "-e", places.join(",")]);
      assertEquals(put.code, exitCodes.ok, put.error);
      const { leader } = JSON.parse((await run(["status", "--json", "-e", places.join(",")])).out);
      const place = places[leader === 1 ? 1 : 0]!;
      const refused = await run(["put", "a", "b", "-e", place, "--timeout", "300ms"]);
      assertEquals(refused.code, exitCodes.unavailable, refused.error);
      assertStringIncludes(refused.error, `n${leader}, which leads, is not among --endpoints.`);
      const get = await run(["get", "a", "-e", place]);
      assertEquals([get.code, get.out], [exitCodes.ok, "1"], get.error);
    } finally {
      for (const node of nodes) await killCommand(node);
    }
  });
});
