/**
 * `docs/protocol.md` suffices for a client in another language: a small one in Python, written from
 * that page alone, works with a cluster. The page also lists exactly the fields of a report.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { RpcClient, TcpTransport } from "../../../net/mod.ts";
import { runCommand as run, runToEnd, withCluster } from "../../helpers/commands.ts";

Deno.test("a client in Python works from the protocol page alone", async () => {
  const program = fromFileUrl(new URL("python_client.py", import.meta.url));
  if (!await hasPython()) {
    console.log("skipped: the program python3 is not on this machine");
    return;
  }
  await withCluster(async ({ endpoints, flags }) => {
    await run(["put", "colour", "blue", ...flags]);
    const long = "x".repeat(300);
    const lines = [
      "get colour",
      "put colour 1 red",
      "put colour 1 green",
      "get colour",
      "get nothing",
      "put nothing 3 x",
      `put long 0 ${long}`,
      "get long",
      "delete nothing",
      "delete long",
      "add sum 5 1",
      "add sum 6 2",
      "list a z",
      "lock jobs/a ada 11",
      "lock jobs/a bob 12",
      "renew 11 12 13",
      "revoke 11",
      "lock jobs/a eve 14",
      "life worker 15",
      "report",
      "nonsense",
    ];
    const child = new Deno.Command("python3", {
      args: [program, endpoints],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { out, error } = await runToEnd(child, lines.join("\n") + "\n");
    assertEquals(error, "");
    assertEquals(out.split("\n"), [
      "value 1 blue",
      "stored",
      "wrong version, it is 2",
      "value 2 red",
      "no key",
      "no key",
      "stored",
      `value 1 ${long}`,
      "no key",
      "deleted",
      "5 v1",
      "11 v2",
      "colour v2, sum v2",
      "held",
      "waits for ada",
      "ended: 13",
      "1 keys",
      "waits for bob",
      "put of lease 15, then lease end of lease 15",
      "True leader",
      "no request of this server: nonsense",
      "",
    ]);
    assertEquals((await run(["get", "colour", ...flags])).out, "red");
  });
});

Deno.test("a client in Python learns why a node does not let it in", async () => {
  if (!await hasPython()) {
    console.log("skipped: the program python3 is not on this machine");
    return;
  }
  const program = fromFileUrl(new URL("python_client.py", import.meta.url));
  const silent = { receive: () => {}, log: () => {} };
  const listen = { hostname: "127.0.0.1", port: 0 };
  const peers = new TcpTransport({ id: 1, cluster: "x", peers: [1], listen, ...silent });
  const args = [program, `127.0.0.1:${peers.address.port}`];
  const { stderr } = await new Deno.Command("python3", { args }).output();
  peers.close();
  const wanted = "wrongPort: wanted a peer, got a client: this port is for peers";
  assertStringIncludes(new TextDecoder().decode(stderr), wanted);
});

/** The names in the first column of the table whose head begins with this cell. */
function fieldsIn(page: string, head: string): string[] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const rows = lines.slice(start + 2, lines.indexOf("", start));
  return rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1] ?? row).sort();
}

Deno.test("the protocol page lists every field of a report, and no other", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/protocol.md", import.meta.url));
  await withCluster(async ({ endpoints, flags }) => {
    await run(["put", "colour", "blue", ...flags]);
    const found: Record<string, string[]> = {};
    for (const endpoint of endpoints.split(",")) {
      const [hostname = "", port] = endpoint.split(":");
      const client = new RpcClient({ server: { hostname, port: Number(port) } });
      const outcome = await client.call("report", { withinMs: 10_000 });
      client.close();
      if (outcome.kind !== "replied") throw new Error(`no report: ${outcome.reason}`);
      const report = outcome.payload as { status: { peers: readonly object[] } };
      found["field of a report"] = Object.keys(report).sort();
      found["field of `status`"] = Object.keys(report.status).sort();
      const [peer] = report.status.peers;
      if (peer !== undefined) found["field of a peer"] = Object.keys(peer).sort();
    }
    assertEquals(Object.keys(found).length, 3, "one of the nodes leads");
    for (const [head, fields] of Object.entries(found)) {
      assertEquals(fieldsIn(page, head), fields, `the table of "${head}" in docs/protocol.md`);
    }
  });
});

async function hasPython(): Promise<boolean> {
  try {
    const { code } = await new Deno.Command("python3", { args: ["--version"] }).output();
    return code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
