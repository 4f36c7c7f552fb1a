/**
 * The commands as a user runs them on clusters that are partitioned, killed, damaged or out of
 * reach.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { freePort } from "../../cli/cluster/free_port.ts";
import {
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../helpers/commands.ts";
import { until } from "../helpers/until.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test("up refuses another number of nodes than its folder has, and counts in words", async () => {
  await withFolder(async (folder) => {
    const first = await run(["up", "--nodes", "1", "--data", folder, "--exec", "put a 1; exit 3"]);
    assertEquals([first.code, first.out], [3, "version 1\n"]);
    assert(first.error.includes("New cluster: 1 node in "), first.error);
    const other = await run(["up", "--nodes", "5", "--data", folder, "--exec", "get a"]);
    assertEquals(other.code, exitCodes.usage);
    assert(other.error.includes(`Cannot run 5 nodes in ${folder}: its cluster has 1`), other.error);
    assertEquals((await run(["up", "--data", folder, "--exec", "get a"])).out, "1\n");
  });
});

Deno.test("a partition refuses the minority, serves the majority, and heals", async () => {
  await withCluster(async ({ flags }) => {
    await run(["put", "colour", "blue", ...flags]);
    const { leader } = JSON.parse((await run(["status", "--json", ...flags])).out);
    const others = [1, 2, 3].filter((id) => id !== leader).map((id) => `n${id}`).join(",");
    const cut = await run(["partition", `n${leader}`, others, ...flags]);
    assertEquals([cut.code, cut.out], [0, `n${leader} | ${others.replace(",", " ")}\n`]);
    const only = ["--node", `n${leader}`, "--timeout", "1500ms"];
    const minority = await run(["put", "colour", "red", "--version", "1", ...only, ...flags]);
    assert([exitCodes.unavailable, exitCodes.unknownOutcome].includes(minority.code as 5 | 6));
    const get = await run(["get", "colour", ...only, ...flags]);
    assertEquals(get.code, exitCodes.unavailable);
    assertEquals((await run(["put", "colour", "green", ...flags])).code, exitCodes.ok);
    assert((await run(["faults", ...flags])).out.includes("|"));
    assertEquals((await run(["heal", ...flags])).out, "healed\n");
    assertEquals((await run(["faults", ...flags])).out, "none\n");
    assertEquals((await run(["get", "colour", ...flags])).out, "green");
    assertEquals((await run(["faults", "--drop", "0.1", ...flags])).code, 0);
    assert((await run(["faults", ...flags])).out.includes("lose 10 %"));
  });
});

/** Commands that need a cluster, with their arguments. */
const clusterCommands: readonly (readonly string[])[] = [
  ["get", "a"],
  ["put", "a", "b"],
  ["lock", "a", "--wait", "300ms", "--", "true"],
  ["elect", "a", "--wait", "300ms", "--", "true"],
  ["lease", "list"],
  ["status"],
  ["shell", "--exec", "get a"],
];

Deno.test("commands say that a cluster is out of reach", async () => {
  const port = freePort();
  await withFolder(async (folder) => {
    for (const command of clusterCommands) {
      const [name, ...rest] = command;
      const flags = ["--endpoints", `127.0.0.1:${port}`];
      const lost = await run([name!, ...flags, "--timeout", "300ms", ...rest]);
      assertEquals(lost.code, exitCodes.unavailable, `${name}: ${lost.error}`);
      const missing = await run([name!, "--data", `${folder}/none`, ...rest]);
      assertEquals(missing.code, exitCodes.unavailable, name);
      assert(missing.error.includes("kontiki up"), missing.error);
    }
    const nodes = [1, 2].map((id) => ({ id, peers: "127.0.0.1:0", clients: `127.0.0.1:${port}` }));
    const file = JSON.stringify({ format: 1, cluster: "down", nodes });
    await Deno.writeTextFile(`${folder}/cluster.json`, file);
    for (const name of ["partition n1 n2", "heal", "faults", "faults --drop 0.1"]) {
      const missing = await run([...name.split(" "), "--data", `${folder}/none`]);
      assertEquals(missing.code, exitCodes.unavailable, name);
      const down = await run([...name.split(" "), "--data", folder]);
      assertEquals(down.code, exitCodes.unavailable, name);
      assert(`${down.error}${down.out}`.toLowerCase().includes("no answer"), down.error);
    }
    const bench = await run(["bench", "--endpoints", `127.0.0.1:${port}`]);
    assertEquals(bench.code, exitCodes.unavailable, bench.error);
    const wrong = await run(["get", "a", "--endpoints", "nowhere"]);
    assertEquals(wrong.code, exitCodes.usage);
    assert(wrong.error.includes('wanted HOST:PORT, got "nowhere"'), wrong.error);
  });
});

Deno.test("inspect tells a sound folder from a damaged one and from none", async () => {
  await withFolder(async (folder) => {
    const put = await run(["up", "--data", `${folder}/data`, "--exec", "put colour blue"]);
    assertEquals(put.code, exitCodes.ok, put.error);
    const node = `${folder}/data/n1`;
    const sound = await run(["inspect", node]);
    assertEquals(sound.code, exitCodes.ok, sound.error);
    assert(sound.out.startsWith("sound"), sound.out);
    assertEquals((await run(["inspect", `${folder}/none`])).code, exitCodes.failure);
    const bytes = await Deno.readFile(`${node}/vote`);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(`${node}/vote`, bytes);
    assertEquals((await run(["inspect", node])).code, exitCodes.damaged);
    // The other nodes are a majority and go on.
    const up = await run(["up", "--data", `${folder}/data`, "--exec", "sleep 1s; get colour"]);
    assertEquals([up.code, up.out], [exitCodes.ok, "blue\n"], up.error);
    assertMatch(up.error, /n1 ended with exit code 7: Cannot use the storage: .*vote/);
  });
});

Deno.test("nodes of up stop by themselves when up is killed", async () => {
  await withFolder(async (folder) => {
    const child = start(["up", "--serve", "--data", `${folder}/data`]);
    try {
      const endpoints = (await firstLine(child.stdout)).trim().replace("Clients: ", "");
      await killCommand(child);
      for (const endpoint of endpoints.split(",")) {
        await until(async () => !await answers(endpoint), `the end of ${endpoint}`, 60_000);
      }
    } finally {
      await killCommand(child);
    }
  });
});

async function answers(endpoint: string): Promise<boolean> {
  const [hostname, port] = endpoint.split(":");
  try {
    const connection = await Deno.connect({ hostname: hostname!, port: Number(port) });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    // The node ended while the connection was made.
    if (error instanceof Deno.errors.NotConnected) return true;
    throw error;
  }
}
