/**
 * `deno task profile [SECONDS] [--gets] [--follower]`: where a leader, or a follower, under load spends
 * its processor time. Three durable nodes on this machine, the load of `kontiki bench`, and the
 * profiler of the node's inspector. Prints the functions with the most time of their own; writes the
 * whole profile to `leader.cpuprofile` or `follower.cpuprofile`, which browsers open.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { LeaderConnections, LoadClient, runLoad } from "../cli/trials/mod.ts";
import { freePort, LocalCluster, openLocalSession, prepareCluster } from "../cli/cluster/mod.ts";
import { leaderOf } from "../cli/table/mod.ts";
import { formatCount, formatDuration, selfCommand } from "../cli/table/mod.ts";
import { untilServing } from "../cli/cluster/mod.ts";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Asks the inspector of a process. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #number = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    };
  }

  static async open(port: number): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [{ webSocketDebuggerUrl }] = await response.json();
    const socket = new WebSocket(webSocketDebuggerUrl);
    await new Promise((resolve) => socket.onopen = resolve);
    return new Inspector(socket);
  }

  call(method: string, params: unknown = {}): Promise<unknown> {
    this.#number += 1;
    this.#socket.send(JSON.stringify({ id: this.#number, method, params }));
    return new Promise((resolve) => this.#waiting.set(this.#number, resolve));
  }
}

function printTop({ nodes, samples, timeDeltas }: Profile): void {
  const names = new Map(nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
    const file = url.replace(/^.*\//, "");
    return [
      id,
      `${functionName || "(anonymous)"} ${file}${file === "" ? "" : `:${lineNumber + 1}`}`,
    ];
  }));
  const times = new Map<string, number>();
  let total = 0;
  samples.forEach((id, at) => {
    const name = names.get(id)!;
    const us = timeDeltas[at]!;
    total += us;
    times.set(name, (times.get(name) ?? 0) + us);
  });
  const rows = [...times].sort(([, one], [, other]) => other - one).slice(0, 45);
  for (const [name, us] of rows) {
    console.log(`${(100 * us / total).toFixed(1).padStart(6)} %  ${name}`);
  }
}

async function main(args: readonly string[]): Promise<void> {
  const flags = parseArgs([...args], { boolean: ["gets", "follower"], string: ["_"] });
  const seconds = Number(flags._[0] ?? 5);
  const folder = await Deno.makeTempDir();
  const file = await prepareCluster(folder, { nodes: 3, port: 0 });
  const inspectors = new Map(file.nodes.map(({ id }) => [id, freePort()]));
  const [deno, run, ...rest] = selfCommand();
  const cluster = new LocalCluster({
    folder,
    file,
    logLevel: "warn",
    command: (id) => [deno!, run!, `--inspect=127.0.0.1:${inspectors.get(id)}`, ...rest],
    died: (id, { code }) => console.error(`n${id} ended with exit code ${code}`),
  });
  const session = openLocalSession(folder, { file, processes: cluster, isShell: false });
  try {
    await cluster.startAll();
    await untilServing(session);
    const leader = leaderOf(await session.reports())!;
    const connections = new LeaderConnections(session, 100);
    await connections.open();
    const value = new Uint8Array(256).fill(0x78);
    const clients = Array.from({ length: 1000 }, (_, at) => new LoadClient(`key/${at}`, value));
    const follower = file.nodes.find(({ id }) => id !== leader.id)!;
    const { id } = flags.follower ? follower : leader;
    const inspector = await Inspector.open(inspectors.get(id)!);
    await inspector.call("Profiler.enable");
    await inspector.call("Profiler.setSamplingInterval", { interval: 500 });
    const { signal } = new AbortController();
    const load = { connections, clients, signal };
    await runLoad({ ...load, kind: "put", warmUpMs: 1000, durationMs: 500 });
    const before = await session.reports();
    await inspector.call("Profiler.start");
    const kind = flags["gets"] === true ? "get" : "put";
    const result = await runLoad({ ...load, kind, warmUpMs: 0, durationMs: seconds * 1000 });
    const { profile } = await inspector.call("Profiler.stop") as { profile: Profile };
    const after = await session.reports();
    await Deno.writeTextFile(
      `${flags.follower ? "follower" : "leader"}.cpuprofile`,
      JSON.stringify(profile),
    );
    printTop(profile);
    const perSecond = formatCount(result.operations / result.seconds);
    console.log(
      `${perSecond} ${kind}s a second, p99 ${formatDuration(result.times.percentile(0.99))}`,
    );
    after.forEach((report, at) => {
      const cpuUs = ((report?.cpuMs ?? 0) - (before[at]?.cpuMs ?? 0)) * 1000;
      const eachUs = (cpuUs / result.operations).toFixed(1);
      console.log(`n${report?.id} ${report?.status.role}: ${eachUs} µs of processor time each`);
    });
  } finally {
    session.close();
    await cluster.stopAll();
    await Deno.remove(folder, { recursive: true });
  }
}

await main(Deno.args);
Deno.exit(0);
