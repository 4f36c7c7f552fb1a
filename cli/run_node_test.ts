/**
 * One node in this process: that it serves, and gives back all it held when it stops.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk } from "../kv/mod.ts";
import { RpcClient } from "../net/mod.ts";
import { SystemClock } from "../raft/mod.ts";
import { clerkCall } from "./clerk_call.ts";
import { runNode } from "./run_node.ts";

Deno.test("a node that was stopped can be started again in the same process and knows its data", async () => {
  const folder = await Deno.makeTempDir();
  for (let version = 0; version < 3; version++) {
    const node = await runNode({
      id: 1,
      cluster: "test",
      peers: new Map([[1, null]]),
      clients: { hostname: "127.0.0.1", port: 0 },
      data: folder,
      isExisting: false,
      control: true,
      machine: "kv",
      tickMs: 25,
      logBytesMax: 2 ** 20,
      log: () => {},
    });
    assert(node.clients !== null);
    const rpc = new RpcClient({ server: node.clients });
    const clerk = new Clerk({
      servers: [1],
      call: (_server, request, deadline) =>
        clerkCall(rpc, { request, withinMs: deadline - performance.now() }),
      clock: new SystemClock(),
      random: Math.random,
    });
    const result = await clerk.put("k", Uint8Array.of(version), { version, timeoutMs: 20_000 });
    assertEquals(result, "stored");
    rpc.close();
    // A signal may come while the control socket's stop is under way.
    await Promise.race([node.stop(), node.stop()]);
    assertEquals(await node.ended, null);
  }
  await Deno.remove(folder, { recursive: true });
});
