/**
 * `kontiki up`: a local cluster of child processes, and the shell on it. When this command ends, so
 * do the nodes; the data stays.
 *
 * @module
 */

import type { Sample } from "../../net/http/mod.ts";
import { DenoFiles } from "../../raft/mod.ts";
import {
  attempt,
  type CommandContext,
  CommandError,
  countText,
  type Ending,
  exitCodes,
  formatDuration,
  nodeName,
  type Session,
  untilInterrupted,
  UsageError,
} from "../table/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  LocalCluster,
  openLocalSession,
  parseEndpoint,
  prepareCluster,
  readClusterFile,
  untilServing,
} from "../cluster/mod.ts";
import { accessOf, type ClusterDoor, clusterHealth, openClusterDoor } from "../door/mod.ts";
import { METRICS_REQUEST, samplesOf } from "../metrics/mod.ts";
import { runShell } from "./shell_command.ts";

/** The number of nodes of a new cluster. */
const nodesOfNew = 3;

/** Where the HTTP port is opened if nothing is said. */
const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** How much later than its children this process may receive a signal. */
const signalMsMax = 100;

type UpContext = CommandContext<Row<"up">>;

/** Starts the cluster, runs the shell on it, stops it. */
export async function run(context: UpContext): Promise<Ending> {
  const { options, output } = context;
  const { data: folder } = options;
  const begin = performance.now();
  const old = await readClusterFile(folder);
  checkNodes(options, old);
  const lock = await lockFolder(folder);
  const file = await prepareCluster(folder, {
    nodes: options.nodes ?? nodesOfNew,
    port: options.port,
  });
  const died = Promise.withResolvers<never>();
  // A node may end before this promise has a reader.
  died.promise.catch(() => {});
  let isServing = false;
  const cluster = new LocalCluster({
    folder,
    file,
    logLevel: options.logLevel,
    flags: [
      ...options.history === null ? [] : ["--history", `${options.history}ms`],
      ...["--history-bytes", `${options.historyBytes}B`],
    ],
    died: async (id, { code, lastMessage }) => {
      // Ctrl-C reaches the nodes too, perhaps before it reaches this process.
      await new Promise((resolve) => setTimeout(resolve, signalMsMax));
      if (context.signal.aborted && code === 0) return;
      if (code === exitCodes.removed) return output.note(lastMessage);
      const message = `${nodeName(id)} ended with exit code ${code}: ${lastMessage}`;
      const left = file.nodes.filter((node) => cluster.isRunning(node.id)).length;
      // A majority can serve although a node's folder is lost or damaged.
      const isMajority = code === exitCodes.damaged && left > file.nodes.length / 2;
      if (isServing || isMajority) output.note(message);
      else died.reject(new CommandError(code === 7 ? "damaged" : "failure", message));
    },
  });
  const session = openLocalSession(folder, { file, processes: cluster, isShell: true });
  let door: ClusterDoor | null = null;
  try {
    door = await openUpDoor(context, session);
    await cluster.startAll();
    await Promise.race([untilInterrupted(context, untilServing(session)), died.promise]);
    isServing = true;
    if (!output.isJson) {
      const took = formatDuration(performance.now() - begin);
      const verb = old === null ? "New cluster" : "Cluster continued";
      output.note(
        `${verb}: ${countText(file.nodes.length, "node")} in ${folder}, serving after ${took}.`,
      );
      output.note(`HTTP: ${urlOf(door)}`);
    }
    return await (options.serve ? serve(context, { session, door }) : runShell(context, session));
  } finally {
    await door?.close();
    session.close();
    await cluster.stopAll();
    await lock.close();
    output.note(`All nodes stopped. The data is in ${folder}.`);
  }
}

/** Refuses a number of nodes that differs from the folder's. */
function checkNodes(
  { nodes, data }: UpContext["options"],
  old: Awaited<ReturnType<typeof readClusterFile>>,
): void {
  if (nodes === null || old === null || old.nodes.length === nodes) return;
  throw new UsageError(
    `Cannot run ${countText(nodes, "node")} in ${data}: its cluster has ${old.nodes.length}; ` +
      "leave --nodes out, or name another --data",
    "up",
  );
}

/** Refuses a second `kontiki up` on the same folder, which would start the same nodes again. */
async function lockFolder(folder: string): Promise<DenoFiles> {
  const files = new DenoFiles(folder);
  if (await attempt(`open the folder ${folder}`, () => files.lock())) return files;
  throw new CommandError(
    "failure",
    `Cannot run the cluster in ${folder}: another "kontiki up" runs it; "kontiki shell" talks to it`,
  );
}

/** Opens the HTTP port of the cluster, which outlives each of its nodes. */
async function openUpDoor(
  { options, output }: UpContext,
  session: Session,
): Promise<ClusterDoor> {
  const { hostname, port } = options.http === null ? ANYWHERE : parseEndpoint(options.http);
  let listener: Deno.Listener;
  try {
    listener = Deno.listen({ hostname, port });
  } catch (error) {
    if (
      !(error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.AddrNotAvailable)
    ) throw error;
    throw new CommandError(
      "failure",
      `Cannot listen for HTTP at ${options.http}: ${error.message}`,
    );
  }
  try {
    return await openClusterDoor({
      listener,
      host: hostname,
      access: await accessOf(options),
      socket: `${options.data}/http.sock`,
      cluster: session.cluster,
      endpoints: session.nodes.map(({ endpoint }) => endpoint),
      session,
      health: clusterHealth(() => session.reports()),
      samples: () => clusterSamples(session),
      log: (line) => output.note(line),
    });
  } catch (error) {
    listener.close();
    if (error instanceof RangeError) throw new UsageError(error.message, "up");
    throw error;
  }
}

/** The metrics of every node. */
async function clusterSamples(session: Session): Promise<Sample[]> {
  const all = await Promise.all(
    session.ids.map(async (id) => samplesOf(await session.ask(id, METRICS_REQUEST), nodeName(id))),
  );
  return all.flat();
}

function urlOf({ address: { hostname, port } }: ClusterDoor): string {
  return `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`;
}

async function serve(
  context: UpContext,
  { session, door }: { readonly session: Session; readonly door: ClusterDoor },
): Promise<Ending> {
  const { output, signal } = context;
  const endpoints = session.nodes.map(({ endpoint }) => endpoint);
  if (output.isJson) output.json({ cluster: session.cluster, endpoints, http: urlOf(door) });
  else output.line(`Clients: ${endpoints.join(",")}`);
  // Ctrl-C is the usual end of this command.
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  return "ok";
}
