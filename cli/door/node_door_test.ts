/**
 * The HTTP port of a node: where it listens, and what its health says.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { startNode } from "../../tests/helpers/serving_node.ts";
import { listLog } from "../../tests/helpers/list_log.ts";
import { until } from "../../tests/helpers/until.ts";
import { withFolder } from "../../tests/helpers/with_folder.ts";
import { CommandError } from "../table/mod.ts";
import { accessOf } from "./access.ts";
import { type HttpSettings, openNodeDoor } from "./node_door.ts";
import type { NodeSettings } from "../node/mod.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };

/** Runs with a node, alone in its cluster, and the way to open its port. */
async function withNode(
  work: (open: (http: HttpSettings) => ReturnType<typeof openNodeDoor>) => Promise<void>,
  settings: Partial<NodeSettings> = {},
): Promise<void> {
  await withFolder(async (data) => {
    const node = await startNode({ data, hasHttp: true, ...settings });
    const own = { id: 1, cluster: "test", data, log: listLog([]) };
    try {
      await work((http) => openNodeDoor(node, own, http));
    } finally {
      await node.stop();
    }
  });
}

Deno.test("a node is live at once, and ready when it knows a leader", async () => {
  await withNode(async (open) => {
    const door = await open({ address: ANYWHERE, access: { token: "secret", databases: null } });
    try {
      const base = `http://127.0.0.1:${door.address.port}`;
      const ask = async (path: string) => await (await fetch(base + path)).json();
      assertEquals((await ask("/livez")).ok, true);
      await until(async () => (await ask("/readyz")).ok, "a leader");
      const { checks } = await ask("/readyz");
      const names = checks.map(({ name }: { readonly name: string }) => name);
      assertEquals(names, ["eventLoop", "member", "leader", "applied"]);
      assertEquals(checks[2].found, "n1 in term 1");
    } finally {
      await door.close();
    }
  });
});

Deno.test("a node shows itself on its page, to look at only", async () => {
  await withNode(async (open) => {
    const door = await open({ address: ANYWHERE, access: { token: null, databases: null } });
    try {
      const base = `http://127.0.0.1:${door.address.port}`;
      const page = await fetch(base);
      assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
      assert((await page.text()).includes('<svg id="ring"'));
      const { body } = await fetch(`${base}/v1/cluster`);
      let text = "";
      for await (const part of body!.pipeThrough(new TextDecoderStream())) {
        text += part;
        if (/^data: .*\n\n/m.test(text)) break;
      }
      const [, data] = /^data: (.*)$/m.exec(text)!;
      const { nodes, canControl } = JSON.parse(data!);
      assertEquals([nodes.length, nodes[0].id, nodes[0].up, canControl], [1, 1, true, false]);
      const act = { method: "POST", body: JSON.stringify({ action: "kill", node: 1 }) };
      const refused = await fetch(`${base}/v1/cluster`, act);
      await refused.body?.cancel();
      assertEquals(refused.status, 403);
    } finally {
      await door.close();
    }
  });
});

async function hasPython(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const PYTHON = `
import http.client, json, sys
for version in (10, 11):
    http.client.HTTPConnection._http_vsn = version
    http.client.HTTPConnection._http_vsn_str = "HTTP/%d.%d" % divmod(version, 10)
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    connection.request("PUT", "/v1/keys/snake", body=b"python %d" % version)
    assert connection.getresponse().read().startswith(b'{"version":')
    connection.request("GET", "/v1/keys/snake")
    print(connection.getresponse().read().decode())
`;

Deno.test("Python's client is served, by HTTP/1.0 and by HTTP/1.1", async () => {
  if (!await hasPython()) {
    console.log("skipped: the program python3 is not on this machine");
    return;
  }
  await withNode(async (open) => {
    const door = await open({ address: ANYWHERE, access: { token: null, databases: null } });
    try {
      const args = ["-c", PYTHON, `${door.address.port}`];
      const { stdout, stderr } = await new Deno.Command("python3", { args }).output();
      const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assertEquals(printed, "python 10\npython 11\n");
    } finally {
      await door.close();
    }
  });
});

Deno.test("a port that other machines reach is not opened without a token", async () => {
  await withNode(async (open) => {
    const address = { hostname: "0.0.0.0", port: 0 };
    const sentence = "Cannot listen for HTTP at 0.0.0.0: wanted --http-token";
    await assertRejects(
      () => open({ address, access: { token: null, databases: null } }),
      RangeError,
      sentence,
    );
    const door = await open({ address, access: { token: "secret", databases: null } });
    await door.close();
  });
});

Deno.test("tokens of databases come from a file, and need the token of the port", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/tokens`;
    const read = (httpToken: string | null) => accessOf({ httpToken, databaseTokens: file });
    await assertRejects(() => read(null), RangeError, "wanted --http-token with it");
    await assertRejects(() => read("t"), CommandError, `Cannot read ${file}: No such file`);
    await Deno.writeTextFile(file, "shop one\nshop\n");
    await assertRejects(() => read("t"), RangeError, `Cannot use ${file}: line 2: wanted the name`);
    await Deno.writeTextFile(file, "shop one\n");
    const { token, databases } = await read("t");
    assertEquals([token, databases!.opens("shop", "one"), databases!.opens("blog", "one")], [
      ...["t", true, false],
    ]);
    assertEquals(await accessOf({ httpToken: null, databaseTokens: null }), {
      token: null,
      databases: null,
    });
  });
});

Deno.test("a node that listens for no clients has no HTTP port either", async () => {
  await withNode(async (open) => {
    const opening = () => open({ address: ANYWHERE, access: { token: null, databases: null } });
    await assertRejects(opening, RangeError, "wanted --clients with --http");
  }, { clients: null });
});
