/**
 * Tests of one node in this process: it serves, and releases all resources when it stops.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Clerk } from "../../kv/mod.ts";
import { RpcClient } from "../../net/mod.ts";
import { SystemClock } from "../../raft/mod.ts";
import { clerkCall } from "../../net/store/mod.ts";
import { freePort } from "../cluster/free_port.ts";
import { until } from "../../tests/helpers/until.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { listLog } from "../../tests/helpers/list_log.ts";
import type { RunningNode } from "./node_settings.ts";
import { runNode } from "./run_node.ts";

Deno.test("a stopped node can be started again in the same process and has its data", async () => {
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
      log: listLog([]),
      isTraced: false,
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
    assertEquals(result.type, "stored");
    rpc.close();
    // A signal may arrive while a stop over the control socket is in progress.
    await Promise.race([node.stop(), node.stop()]);
    assertEquals(await node.ended, null);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a node logs that it loads a snapshot of the leader", async () => {
  const folder = await Deno.makeTempDir();
  const ports = [1, 2, 3].map(() => freePort());
  const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
  const lines: string[] = [];
  const startNode = (id: number): Promise<RunningNode> =>
    runNode({
      id,
      cluster: "test",
      peers,
      clients: { hostname: "127.0.0.1", port: 0 },
      data: `${folder}/${id}`,
      isExisting: false,
      control: false,
      machine: "kv",
      tickMs: 25,
      logBytesMax: 10_000,
      log: listLog(id === 3 ? lines : []),
      isTraced: false,
    });
  const nodes = [await startNode(1), await startNode(2)];
  const clients = nodes.map((node) => new RpcClient({ server: node.clients! }));
  const clerk = new Clerk({
    servers: [1, 2],
    call: (server, request, deadline) =>
      clerkCall(clients[server - 1]!, { request, withinMs: deadline - performance.now() }),
    clock: new SystemClock(),
    random: Math.random,
  });
  const value = new Uint8Array(20);
  for (let round = 0; round < 4; round++) {
    await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        const change = { version: round, timeoutMs: 20_000 };
        assertEquals((await clerk.put(`k${at}`, value, change)).type, "stored");
      }),
    );
  }
  nodes.push(await startNode(3));
  const deadline = performance.now() + 20_000;
  const isTold = (): boolean =>
    lines.some((line) => /^info: takes over a snapshot up to/.test(line));
  while (!isTold() && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(isTold(), lines.join("\n"));
  for (const client of clients) client.close();
  for (const node of nodes) await node.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a node says as an error that its peers refuse it for good, and how to mend it", async () => {
  await withFolder(async (folder) => {
    const ports = [1, 2].map(() => freePort());
    const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
    const lines: string[] = [];
    const startNode = (id: number, cluster: string): Promise<RunningNode> =>
      runNode({
        ...{ id, cluster, peers, clients: null, data: `${folder}/${id}`, isExisting: false },
        ...{ control: false, machine: "kv", tickMs: 25, logBytesMax: 10_000, isTraced: false },
        log: listLog(id === 1 ? lines : []),
      });
    const nodes = [await startNode(1, "one"), await startNode(2, "two")];
    const isRefusal = (line: string): boolean =>
      /^error: n2 refuses this node: .*two.*--cluster of the others/.test(line);
    const end = performance.now() + 15_000;
    await until(() => lines.some(isRefusal) || performance.now() > end);
    await new Promise((resolve) => setTimeout(resolve, 1500)); // It dials again and is refused again.
    assertEquals(lines.filter(isRefusal).length, 1, lines.join("\n"));
    for (const node of nodes) await node.stop();
  });
});

Deno.test("a node logs the core's changes only when it is traced", async () => {
  await withFolder(async (folder) => {
    for (const isTraced of [true, false]) {
      const lines: string[] = [];
      const node = await runNode({
        ...{ id: 1, cluster: "test", peers: new Map([[1, null]]), clients: null, data: folder },
        ...{ isExisting: !isTraced, control: false, machine: "kv", tickMs: 25 },
        ...{ logBytesMax: 10_000, isTraced, log: listLog(lines) },
      });
      await until(() => lines.some((line) => line.startsWith("info: n1 leads")));
      assertEquals(lines.some((line) => line.startsWith("debug: leads term")), isTraced);
      await node.stop();
    }
  });
});
