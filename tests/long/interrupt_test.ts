/**
 * Every command of the table ends soon, and as documented, when it is interrupted in the middle of
 * its work. Each test makes that middle certain instead of guessing a time: nodes that accept a
 * request and never answer, pipes without a writer, output without a reader.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { rows } from "../../cli/rows/mod.ts";
import { exitCodes, type ExitReason } from "../../cli/table/exit_codes.ts";
import { nodeFolder } from "../../cli/cluster/local_cluster.ts";
import { CONTROL_SOCKET } from "../../net/faults/control.ts";
import { firstLine, killCommand, startCommand } from "../helpers/commands.ts";
import { inTime } from "../helpers/until.ts";
import { formatHistory } from "../checker/history.ts";

/** The means of a case. */
interface Place {
  /** Flags of a cluster whose nodes accept every request and answer none. */
  readonly cluster: readonly string[];
  /** A folder that holds only a pipe with the name `vote`. */
  readonly folder: string;
  /** Resolves when a node that never answers has received a request. */
  asked(): Promise<void>;
  /** Closed at the end of the case. */
  readonly open: { close(): void }[];
}

interface Case {
  readonly args: (place: Place) => readonly string[];
  /** Resolves in the middle of the work. */
  readonly middle: (child: Deno.ChildProcess, place: Place) => Promise<unknown>;
  /** The expected exit reason. @default {"interrupted"} */
  readonly ending?: ExitReason;
}

const asked: Case["middle"] = (_, place) => place.asked();
const firstOutput: Case["middle"] = (child) => firstLine(child.stdout);
/** A pause, for work that gives no sign of its middle. */
const afterAWhile: Case["middle"] = () => new Promise((resolve) => setTimeout(resolve, 1500));

function onCluster(...args: readonly string[]): Case {
  const [name, ...rest] = args;
  return { args: ({ cluster }) => [name!, ...cluster, ...rest], middle: asked };
}

/** An import opens its file, which is a pipe, and gets nothing from it. */
const openVote: Case["middle"] = (_, place) => openPipe(place);

const patient = ["--timeout", "60s"];

/** Every command but `version`, and `recover`, which has a test of its own in `storage/recovery_test.ts`. */
type Interrupted = Exclude<(typeof rows)[number]["name"], "version" | "recover">;

/** Arguments with which each command works for long, and the output that shows that it has begun. */
const cases: Readonly<Record<Interrupted, readonly Case[]>> = {
  node: [{
    args: (
      { folder },
    ) => ["node", "--id", "1", "--peers", "1=127.0.0.1:0", "--data", `${folder}/data`],
    middle: firstOutput,
    ending: "ok",
  }],
  up: [
    {
      args: ({ folder }) => ["up", "--serve", "--data", `${folder}/data`],
      middle: firstOutput,
      ending: "ok",
    },
    {
      args: ({ folder }) => [
        ...["up", "--data", `${folder}/data`, "--exec"],
        "partition n1 | n2 | n3; get a --timeout 60s; get b",
      ],
      middle: firstOutput,
    },
  ],
  get: [onCluster("get", "a", ...patient)],
  put: [
    onCluster("put", "a", "b", ...patient),
    onCluster("put", "a", "b", "--version", "1", ...patient),
    { ...onCluster("put", "a", "-"), middle: afterAWhile },
  ],
  delete: [
    onCluster("delete", "a", ...patient),
    onCluster("delete", "a", "--prefix", ...patient),
  ],
  list: [onCluster("list", ...patient), onCluster("list", "--tree", ...patient)],
  count: [onCluster("count", ...patient)],
  history: [onCluster("history", "a", ...patient)],
  batch: [{ ...onCluster("batch"), middle: afterAWhile }],
  export: [onCluster("export", ...patient)],
  import: [
    { ...onCluster("import"), middle: afterAWhile },
    { args: ({ folder, cluster }) => ["import", ...cluster, `${folder}/vote`], middle: openVote },
  ],
  watch: [onCluster("watch", ...patient), onCluster("watch", "a", "--json", ...patient)],
  lock: [
    onCluster("lock", "a", "--", "true"),
    onCluster("lock", "a", "--release", ...patient),
  ],
  elect: [onCluster("elect", "a", "--", "true")],
  lease: [onCluster("lease", "list", ...patient), onCluster("lease", "grant", ...patient)],
  shell: [
    onCluster("shell", "--exec", "get a", ...patient),
    onCluster("shell", "--exec", "get a; get b", ...patient),
    { ...onCluster("shell"), middle: afterAWhile },
  ],
  status: [
    onCluster("status"),
    { ...onCluster("status", "--watch"), middle: firstOutput, ending: "unavailable" },
  ],
  member: [onCluster("member", "list")],
  transfer: [onCluster("transfer")],
  compact: [onCluster("compact")],
  partition: [onCluster("partition", "n1", "n2")],
  heal: [onCluster("heal")],
  faults: [onCluster("faults"), onCluster("faults", "--drop", "0.5")],
  test: [
    { args: () => ["test", "--seeds", "1000"], middle: afterAWhile },
    { args: () => ["test", "--seeds", "1000", "--jobs", "2"], middle: afterAWhile },
    { args: () => ["test", "TestBackup3B", "--processes"], middle: firstOutput },
  ],
  sim: [{ args: () => ["sim", "42"], middle: firstOutput }],
  fuzz: [
    { args: () => ["fuzz", "5", "--jobs", "1"], middle: firstOutput },
    { args: () => ["fuzz", "5", "--jobs", "2"], middle: firstOutput },
  ],
  check: [
    { args: ({ folder }) => ["check", `${folder}/vote`], middle: (_, place) => openPipe(place) },
    {
      args: ({ folder }) => ["check", `${folder}/vote`, ...patient],
      middle: (_, place) => openPipe(place, hardHistory()),
    },
  ],
  bench: [{ args: () => ["bench", "--duration", "60s", "--clients", "10"], middle: afterAWhile }],
  inspect: [{
    args: ({ folder }) => ["inspect", folder],
    middle: (_, place) => openPipe(place),
  }],
};

for (const [name, some] of Object.entries(cases)) {
  Deno.test({
    name: `${name} stops soon when it is interrupted, and leaves nothing behind`,
    ignore: Deno.build.os === "windows", // Windows has no named pipes, and no signals that ask a process to stop.
    fn: async () => {
      for (const each of some) await withPlace((place) => interrupt(each, place));
    },
  });
}

async function interrupt({ args, middle, ending = "interrupted" }: Case, place: Place) {
  const line = args(place);
  const scratch = `${place.folder}/scratch`;
  await Deno.mkdir(scratch);
  const child = startCommand(line, { env: { TMPDIR: scratch } });
  try {
    const early = child.status.then(({ code }) => {
      throw new Error(`${line.join(" ")} ended with ${code} before its middle`);
    });
    await Promise.race([middle(child, place), early]);
    early.catch(() => {});
    child.kill("SIGINT");
    const code = await inTime(endOf(child), "the end of the command");
    assertEquals(code, exitCodes[ending], line.join(" "));
    const left = await Array.fromAsync(Deno.readDir(scratch), (entry) => entry.name);
    assertEquals(left, [], line.join(" "));
  } finally {
    await killCommand(child);
  }
}

/** The exit code, once neither the command nor a child of it holds the streams. */
async function endOf(child: Deno.ChildProcess): Promise<number> {
  await Promise.all(
    [child.stdout, child.stderr].map((stream) => stream.pipeTo(new WritableStream())),
  );
  return (await child.status).code;
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const asked = Promise.withResolvers<void>();
  const listeners: Deno.Listener[] = [];
  const open: Place["open"] = [];
  const listen = (listener: Deno.Listener): Deno.Listener => {
    listeners.push(listener);
    swallow(listener, { open, asked: asked.resolve });
    return listener;
  };
  try {
    await new Deno.Command("mkfifo", { args: [`${folder}/vote`] }).output();
    await Deno.mkdir(`${folder}/silent`);
    const nodes = [];
    for (const id of [1, 2, 3]) {
      const { port } = listen(Deno.listen({ hostname: "127.0.0.1", port: 0 })).addr as Deno.NetAddr;
      nodes.push({ id, peers: "127.0.0.1:0", clients: `127.0.0.1:${port}` });
      const own = nodeFolder(`${folder}/silent`, id);
      await Deno.mkdir(own);
      listen(Deno.listen({ transport: "unix", path: `${own}/${CONTROL_SOCKET}` }));
    }
    const file = JSON.stringify({ format: 1, cluster: "silent", nodes });
    await Deno.writeTextFile(`${folder}/silent/cluster.json`, file);
    const cluster = ["--data", `${folder}/silent`];
    await work({ cluster, folder, asked: () => asked.promise, open });
  } finally {
    for (const each of [...listeners, ...open]) each.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Accepts connections and reads them, but sends nothing. */
async function swallow(
  listener: Deno.Listener,
  { open, asked }: { open: Place["open"]; asked: () => void },
): Promise<void> {
  for await (const connection of listener) {
    open.push(connection);
    asked();
  }
}

/** Resolves when the command opens the pipe; with a text, when it has read the text to its end. */
async function openPipe({ folder, open }: Place, text?: string): Promise<void> {
  const pipe = await Deno.open(`${folder}/vote`, { write: true });
  if (text === undefined) open.push(pipe);
  else await new Response(text).body!.pipeTo(pipe.writable);
}

/**
 * Sixty concurrent writes and two reads that no order explains: too many orders to try them all.
 */
function hardHistory(): string {
  const writes = Array.from({ length: 60 }, (_, at) => ({
    ...{ client: at, call: 0, return: 100 },
    input: { op: "write", key: "x", value: at },
    output: { op: "write" },
  }));
  const reads = [1, 2].map((value) => ({
    ...{ client: 0, call: 100 + value, return: 100.5 + value },
    input: { op: "read", key: "x" },
    output: { value },
  }));
  return formatHistory({
    ...{ model: "register", title: "hard", expect: null, annotations: [] },
    operations: [...writes, ...reads],
  });
}
