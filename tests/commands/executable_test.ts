/**
 * The compiled executable, alone in an empty folder: nodes started by hand, clients, the shell,
 * scenarios, the simulator, the checker, the benchmark, and a local cluster. Compiling takes long
 * and needs Deno's base executable, so this runs only as `deno task test:executable`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { freePort } from "../../cli/cluster/free_port.ts";
import { formatBytes, formatDuration } from "../../cli/table/output.ts";
import { type Ended, firstLine, runToEnd } from "../helpers/commands.ts";

const isWanted = Deno.env.get("KONTIKI_TEST_EXECUTABLE") === "1";

/** The executable in an empty folder. */
class Executable {
  readonly folder: string;
  readonly #path: string;

  constructor(folder: string) {
    this.folder = folder;
    this.#path = `${folder}/kontiki`;
  }

  start(args: readonly string[]): Deno.ChildProcess {
    return new Deno.Command(this.#path, {
      args: [...args],
      cwd: this.folder,
      // Of the environment only the path of programs is kept: the executable must not need more.
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: this.folder },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async run(args: readonly string[], input = ""): Promise<Ended> {
    const ended = await runToEnd(this.start(args), input);
    if (ended.code !== 0) console.log(ended.error);
    return ended;
  }
}

async function compile(): Promise<Executable> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-executable-" });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/compile.ts", "--output", `${folder}/kontiki`],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  console.log(new TextDecoder().decode(stdout).trim().replace(folder, ""));
  return new Executable(folder);
}

/** Starts three nodes by hand, and stops them; they must exit with 0. */
async function withNodes(
  kontiki: Executable,
  work: (endpoints: string) => Promise<void>,
): Promise<void> {
  const ports = Array.from({ length: 6 }, freePort);
  const peers = [1, 2, 3].map((id) => `${id}=127.0.0.1:${ports[id - 1]}`).join(",");
  const clients = [1, 2, 3].map((id) => `127.0.0.1:${ports[id + 2]}`);
  const nodes: Deno.ChildProcess[] = [];
  try {
    const begin = performance.now();
    for (const id of [1, 2, 3]) {
      const place = ["--clients", clients[id - 1]!, "--data", `data${id}`];
      const node = kontiki.start([
        "node",
        "--bootstrap",
        "--id",
        `${id}`,
        "--peers",
        peers,
        ...place,
      ]);
      nodes.push(node);
    }
    for (const node of nodes) await firstLine(node.stdout);
    console.log(`three nodes serve after ${formatDuration(performance.now() - begin)}`);
    await work(clients.join(","));
  } finally {
    for (const node of nodes) node.kill("SIGTERM");
  }
  for (const node of nodes) {
    await Promise.all([node.stdin.close(), node.stdout.cancel(), node.stderr.cancel()]);
    assertEquals((await node.status).code, 0);
  }
}

async function tryClients(kontiki: Executable, endpoints: string): Promise<void> {
  const at = ["--endpoints", endpoints];
  assertEquals((await kontiki.run(["put", "colour", "blue", ...at])).code, 0);
  assertEquals((await kontiki.run(["get", "colour", ...at])).out, "blue");
  const shell = await kontiki.run(["shell", ...at], "put a 1\nget a\nstatus\n");
  assertEquals(shell.code, 0);
  assert(shell.out.startsWith("version 1\n1\nnode"), shell.out);
  const status = JSON.parse((await kontiki.run(["status", "--json", ...at])).out);
  for (const { id, memoryBytes } of status.nodes) {
    console.log(`n${id} takes ${formatBytes(memoryBytes)}`);
  }
  const load = ["--connections", "4", "--clients", "8", "--duration", "500ms", "--json"];
  const bench = await kontiki.run(["bench", ...load, ...at]);
  assertEquals([bench.code, JSON.parse(bench.out).sample.verdict], [0, "ok"]);
}

const history = `{"history":1,"model":"kv"}
{"client":0,"call":0,"return":1,"input":{"op":"put","key":"a","value":"1","version":0},"output":{"error":"OK"}}
{"client":1,"call":2,"return":3,"input":{"op":"get","key":"a"},"output":{"error":"OK","value":"1","version":1}}
`;

Deno.test("the executable does everything alone in an empty folder", async () => {
  if (!isWanted) {
    console.log("skipped: compiling takes long; deno task test:executable does it");
    return;
  }
  const kontiki = await compile();
  try {
    await withNodes(kontiki, (endpoints) => tryClients(kontiki, endpoints));
    const labs = await kontiki.run(["test", "3A", "4B"]);
    assertEquals(labs.code, 0, labs.out);
    assert(labs.out.includes("Test (3A): initial election"), labs.out);
    const real = await kontiki.run(["test", "3A", "4A", "--processes", "--seed", "1"]);
    assertEquals(real.code, 0, real.out);
    console.log(`on real processes: ${real.out.trimEnd().split("\n").at(-1)}`);
    const [first, second] = [
      await kontiki.run(["sim", "7", "--quiet"]),
      await kontiki.run(["sim", "7", "--quiet"]),
    ];
    assertEquals([first.code, first.out], [0, second.out]);
    await Deno.writeTextFile(`${kontiki.folder}/history.jsonl`, history);
    assertEquals((await kontiki.run(["check", "history.jsonl"])).code, 0);
    await Deno.writeTextFile(
      `${kontiki.folder}/stale.jsonl`,
      history.replace('"version":1}', '"version":2}'),
    );
    assertEquals((await kontiki.run(["check", "stale.jsonl", "--timeline", "stale.html"])).code, 1);
    assert((await Deno.readTextFile(`${kontiki.folder}/stale.html`)).includes("<"));
    const up = await kontiki.run(["up", "--exec", "put colour blue"]);
    assertEquals([up.code, up.out], [0, "version 1\n"]);
    const folder = await kontiki.run(["inspect", "kontiki-data/n1", "--json"]);
    assertEquals([folder.code, JSON.parse(folder.out).verdict], [0, "sound"]);
    const again = await kontiki.run(["up", "--exec", "get colour"]);
    assertEquals([again.code, again.out], [0, "blue\n"]);
  } finally {
    await Deno.remove(kontiki.folder, { recursive: true });
  }
});
