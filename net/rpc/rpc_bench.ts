/**
 * Requests a second through one server on the loopback: `deno run -A net/rpc/rpc_bench.ts`. The load
 * shares the machine, in a process of its own.
 *
 * @module
 */

import { RpcClient } from "./rpc_client.ts";
import { RpcServer } from "./rpc_server.ts";

const RUN_MS = 2000;
const PAYLOAD = new Uint8Array(280);

if (Deno.args[0] === "load") {
  await load(Deno.args.slice(1).map(Number));
} else {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const handle = (_request: unknown, reply: (payload: Uint8Array) => void): void => reply(PAYLOAD);
  const server = new RpcServer({ listener, cluster: "bench", id: 1, handle, log: console.error });
  for (const [connections, depth] of [[1, 1], [16, 1], [100, 1], [100, 10], [16, 64], [1, 1000]]) {
    const args = [
      "run",
      "-A",
      import.meta.filename ?? "",
      "load",
      ...[port, connections, depth].map(String),
    ];
    await new Deno.Command(Deno.execPath(), { args, stdout: "inherit" }).spawn().status;
  }
  server.close();
}

async function load([port = 0, connections = 1, depth = 1]: readonly number[]): Promise<void> {
  const end = performance.now() + RUN_MS;
  const latencies: number[] = [];
  const server = { hostname: "127.0.0.1", port };
  const clients = Array.from({ length: connections }, () => new RpcClient({ server }));
  const work = async (client: RpcClient): Promise<void> => {
    while (performance.now() < end) {
      const start = performance.now();
      const { kind } = await client.call(PAYLOAD, { withinMs: 5000 });
      if (kind !== "replied") throw new Error(`Cannot measure: a call ended ${kind}`);
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: depth }, () => work(client))));
  for (const client of clients) client.close();
  latencies.sort((left, right) => left - right);
  const at = (share: number): string =>
    (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2);
  const rate = Math.round(latencies.length / RUN_MS * 1000);
  console.log(`${connections} × ${depth}: ${rate}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}
