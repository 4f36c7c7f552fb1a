/**
 * Tests of one node in this process: it serves, and releases all resources when it stops.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { freePort } from "../../../cli/cluster/free_port.ts";
import { startNode, storeOf } from "../../helpers/serving_node.ts";
import { until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";
import { listLog } from "../../helpers/list_log.ts";
import type { RunningNode } from "../../../cli/node/node_settings.ts";

Deno.test("a stopped node can be started again in the same process and has its data", async () => {
  const folder = await Deno.makeTempDir();
  for (let version = 0; version < 3; version++) {
    const node = await startNode({ data: folder, control: true });
    const store = storeOf([node]);
    const result = await store.put("k", Uint8Array.of(version), { version, timeoutMs: 20_000 });
    assertEquals(result.outcome, "yes");
    await store.close();
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
  const start = (id: number): Promise<RunningNode> => {
    const log = listLog(id === 3 ? lines : []);
    return startNode({ id, peers, data: `${folder}/${id}`, logBytesMax: 10_000, log });
  };
  const nodes = [await start(1), await start(2)];
  const store = storeOf(nodes);
  const value = new Uint8Array(20);
  for (let round = 0; round < 4; round++) {
    await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        const change = { version: round, timeoutMs: 20_000 };
        assertEquals((await store.put(`k${at}`, value, change)).outcome, "yes");
      }),
    );
  }
  nodes.push(await start(3));
  await until(() => lines.some((line) => /^info: takes over a snapshot up to/.test(line)));
  await store.close();
  for (const node of nodes) await node.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a node says as an error that its peers refuse it for good, and how to mend it", async () => {
  await withFolder(async (folder) => {
    const ports = [1, 2].map(() => freePort());
    const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
    const lines: string[] = [];
    const start = (id: number, cluster: string): Promise<RunningNode> => {
      const log = listLog(id === 1 ? lines : []);
      return startNode({ id, cluster, peers, clients: null, data: `${folder}/${id}`, log });
    };
    const nodes = [await start(1, "one"), await start(2, "two")];
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
      const settings = { data: folder, clients: null, isTraced };
      const node = await startNode({ ...settings, log: listLog(lines) });
      await until(() => lines.some((line) => line.startsWith("info: n1 leads")));
      assertEquals(lines.some((line) => line.startsWith("debug: leads term")), isTraced);
      await node.stop();
    }
  });
});

Deno.test("a leader that stops hands over first: another one leads at once, and no put fails", async () => {
  await withFolder(async (folder) => {
    const ports = [1, 2, 3].map(() => freePort());
    const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
    const nodes = await Promise.all(
      [1, 2, 3].map((id) => startNode({ id, peers, data: `${folder}/${id}` })),
    );
    const store = storeOf(nodes);
    const put = (version: number) =>
      store.put("k", new Uint8Array(1), { version, timeoutMs: 20_000 });
    assertEquals((await put(0)).outcome, "yes");
    const leads = (node: RunningNode) => node.report().status.role === "leader";
    const leader = nodes.find(leads)!;
    const others = nodes.filter((node) => node !== leader);
    const begin = performance.now();
    const stopping = leader.stop();
    assertEquals((await put(1)).outcome, "yes");
    await until(() => others.some(leads));
    // Without a successor an election begins after 500 ms at the earliest.
    assertLess(performance.now() - begin, 400);
    await stopping;
    await store.close();
    for (const node of others) await node.stop();
  });
});
