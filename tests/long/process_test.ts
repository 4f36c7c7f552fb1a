/**
 * Tests of clusters of real processes: they agree, survive kill -9 and apply injected faults, and
 * no process is left when the process that started them ends in any way.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { partition, undisturbed } from "../../net/faults/faults.ts";
import { isThere } from "../../cli/cluster/local_cluster.ts";
import { ControlError, RpcClient } from "../../net/mod.ts";
import type { NodeId } from "../../raft/core/model/types.ts";
import { nodeCommand, ProcessCluster } from "../processes/process_cluster.ts";
import { until } from "../helpers/until.ts";
import { withFolder } from "../helpers/with_folder.ts";

const start = async (nodes: number): Promise<ProcessCluster> => {
  const cluster = new ProcessCluster({ seed: 1, nodes, machine: "log" });
  await Promise.all(cluster.ids.map((id) => cluster.start(id)));
  return cluster;
};

/** Proposes until the given number of nodes have applied the command. */
async function agree(cluster: ProcessCluster, value: number, servers: number): Promise<NodeId> {
  const command = Uint8Array.of(value);
  let leader = 0;
  await until(
    async () => {
      for (const id of cluster.ids) {
        if (await cluster.propose(id, command) !== null) leader = id;
      }
      await cluster.sleep(50);
      let count = 0;
      for (const id of cluster.ids) {
        const applied = await cluster.applied(id, 1);
        if (applied.some((entry) => entry.command[0] === value)) count++;
      }
      return count >= servers;
    },
    `agreement on ${value}`,
    60_000,
  );
  return leader;
}

Deno.test("processes agree, and keep the agreement when they are killed", async () => {
  const cluster = await start(3);
  try {
    const leader = await agree(cluster, 1, 3);
    await cluster.crash(leader);
    assertEquals(await cluster.propose(leader, Uint8Array.of(9)), null);
    await agree(cluster, 2, 2);
    await cluster.start(leader);
    await agree(cluster, 3, 3);
    for (const id of cluster.ids) await cluster.crash(id);
    for (const id of cluster.ids) await cluster.start(id);
    await agree(cluster, 4, 3);
    const values = (await cluster.applied(leader, 1)).map(({ command }) => command[0]);
    assertEquals([...new Set(values)], [1, 2, 3, 4]);
    const { requests, bytes } = await cluster.traffic();
    assertGreater(requests, 10);
    assertGreater(bytes, 100);
    await cluster.verify();
  } finally {
    await cluster.close();
  }
  assert(!isThere(cluster.folder));
  assertEquals(cluster.usage.starts, 7);
});

Deno.test("a minority of processes cannot agree when it is cut off", async () => {
  const cluster = await start(3);
  try {
    const leader = await agree(cluster, 1, 3);
    const others = cluster.ids.filter((id) => id !== leader);
    await cluster.setFaults({ blocked: partition([[leader], others]) });
    await cluster.propose(leader, Uint8Array.of(2));
    await agree(cluster, 3, 2);
    const values = (await cluster.applied(leader, 1)).map(({ command }) => command[0]);
    assertEquals(values.filter((value) => value !== 1), []);
    await cluster.setFaults({ blocked: [] });
    await agree(cluster, 4, 3);
  } finally {
    await cluster.close();
  }
});

Deno.test("a cut set on one process only blocks what that process receives", async () => {
  const cluster = await start(2);
  try {
    const from = await agree(cluster, 1, 2);
    const to = 3 - from;
    await cluster.node(to).control.setFaults({ blocked: [{ from, to }] });
    await cluster.propose(from, Uint8Array.of(2));
    await cluster.sleep(300);
    const values = (await cluster.applied(to, 1)).map(({ command }) => command[0]);
    assert(!values.includes(2), `n${to} applied ${values}`);
    await cluster.setFaults({ blocked: [] });
    await agree(cluster, 3, 2);
  } finally {
    await cluster.close();
  }
});

Deno.test("a process that is paused for a while loses leadership and rejoins (E10)", async () => {
  const cluster = await start(3);
  try {
    const leader = await agree(cluster, 1, 3);
    cluster.pause(leader);
    const other = await agree(cluster, 2, 2);
    assert(other !== leader);
    // Long enough for the others to close their connections to it.
    await cluster.sleep(2500);
    await cluster.resume(leader);
    await agree(cluster, 3, 3);
    await cluster.verify();
  } finally {
    await cluster.close();
  }
});

Deno.test("a process applies the current faults when it starts or resumes", async () => {
  const cluster = new ProcessCluster({ seed: 1, nodes: 2, machine: "log" });
  try {
    await cluster.start(1);
    let isStarted = false;
    const starting = cluster.start(2).then(() => isStarted = true);
    for (let drop = 0; !isStarted; drop = (drop + 1) % 100) {
      await cluster.setFaults({ request: { ...undisturbed, drop: drop / 100 } });
    }
    await starting;
    assertEquals(await cluster.node(2).control.faults(), cluster.faults);
    cluster.pause(1);
    await cluster.setFaults({ blocked: partition([[1], [2]]) });
    await cluster.resume(1);
    assertEquals(await cluster.node(1).control.faults(), cluster.faults);
  } finally {
    await cluster.close();
  }
});

Deno.test("verify reports a process that had ended by itself before it was killed", async () => {
  for (const end of ["kill", "crash"] as const) {
    const cluster = await start(1);
    try {
      const node = cluster.node(1);
      node.signal("SIGABRT");
      await node.ended;
      await cluster[end](1);
      await cluster.start(1);
      await assertRejects(() => cluster.verify(), Error, "ended by itself with SIGABRT");
    } finally {
      await cluster.close();
    }
  }
});

Deno.test("a node without --control has no control socket and refuses test machines", async () => {
  await withFolder(async (folder) => {
    const [program = "", ...first] = nodeCommand();
    const run = async (...args: string[]): Promise<string> => {
      const all = [...first, "--id", "1", "--peers", "1", ...args];
      const command = new Deno.Command(program, { args: all, stdin: "null" });
      const { stdout, stderr } = await command.output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    const data = ["--data", `${folder}/n1`];
    assert((await run(...data, "--until-input-ends")).includes('"ready":true'));
    assert(!isThere(`${folder}/n1/control.sock`));
    assert((await run(...data, "--machine", "log")).includes("wanted --control"));
    const refusal = await run("--data", `${folder}/${"x".repeat(100)}`, "--control");
    assert(refusal.includes("wanted a path of at most 103 bytes") && !refusal.includes(".ts:"));
  });
});

Deno.test("a node keeps running when its log pipe is closed", async () => {
  await withFolder(async (folder) => {
    const [program = "", ...first] = nodeCommand();
    const args = ["--id", "1", "--peers", "1", "--data", `${folder}/n1`, "--until-input-ends"];
    const child = new Deno.Command(program, {
      args: [...first, ...args, "--clients", "127.0.0.1:0"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = child.stdout.getReader();
    const ready = JSON.parse(new TextDecoder().decode((await lines.read()).value));
    await lines.cancel();
    await child.stderr.cancel();
    // The node refuses garbage and logs the refusal.
    const stranger = await Deno.connect(ready.clients);
    await stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
    await stranger.read(new Uint8Array(100)).catch(() => null);
    stranger.close();
    const client = new RpcClient({ server: ready.clients });
    assertEquals((await client.call("report", { withinMs: 20_000 })).kind, "replied");
    client.close();
    await child.stdin.close();
    assertEquals((await child.status).code, 0);
  });
});

Deno.test("a node ends when the process that started it is killed", async () => {
  const cluster = await start(1);
  const { pid } = cluster.node(1);
  const status = await Deno.stat(`${cluster.folder}/n1/control.sock`);
  assertEquals((status.mode ?? 0) & 0o777, 0o600);
  await cluster.node(1).control.stop();
  await cluster.node(1).ended;
  await assertRejects(() => cluster.node(1).control.report(), ControlError);
  await assertRejects(() => cluster.verify(), Error, "ended by itself");
  await cluster.close();
  assert(pid > 0 && !isThere(cluster.folder));
});

Deno.test("a killed test leaves no node, and an interrupted test leaves no folder", async () => {
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    const script = `
      import { ProcessCluster } from ${
      JSON.stringify(import.meta.resolve("../processes/process_cluster.ts"))
    };
      const cluster = new ProcessCluster({ seed: 1, nodes: 2, machine: "log" });
      for (const id of cluster.ids) await cluster.start(id);
      console.log(cluster.folder);
      await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
    const args = ["run", "-A", "--config", config, "-"];
    const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" });
    const process = child.spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(script));
    await writer.close();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    const folder = new TextDecoder().decode(value).trim();
    assert(isThere(`${folder}/n2/control.sock`));
    process.kill(signal);
    await process.status;
    await reader.cancel();
    // A node does not remove its socket file, but an ended node accepts no connection.
    for (const id of [1, 2]) {
      await until(() => isSilent(`${folder}/n${id}/control.sock`), `the end of n${id}`, 60_000);
    }
    if (signal === "SIGINT") assert(!isThere(folder));
    else await until(() => isRemoved(folder), "the end of the nodes' writes", 60_000);
  }
});

async function isSilent(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch {
    return true;
  }
}

/** Removes the folder; false while an ending node still creates files in it. */
async function isRemoved(folder: string): Promise<boolean> {
  try {
    await Deno.remove(folder, { recursive: true });
    return true;
  } catch {
    return false;
  }
}
