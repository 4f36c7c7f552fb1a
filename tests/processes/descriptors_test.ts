/**
 * A node with few file descriptors: clients that do nothing must not take those of its log.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { selfCommand } from "../../cli/table/mod.ts";
import { encodeRequest } from "../../kv/mod.ts";
import { RpcClient } from "../../net/mod.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test({
  name: "a node with few file descriptors keeps enough of them for new segments of its log",
  ignore: Deno.build.os === "windows", // no shell that sets limits
  async fn() {
    await withFolder(async (folder) => {
      const node = ["node", "--id", "1", "--peers", "1", "--data", `${folder}/n1`];
      const args = [...selfCommand(), ...node, "--clients", "127.0.0.1:0", "--until-input-ends"];
      const child = new Deno.Command("sh", {
        args: ["-c", 'ulimit -n 160; exec "$@"', "sh", ...args],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const lines = child.stdout.getReader();
      const ready = JSON.parse(new TextDecoder().decode((await lines.read()).value));
      await lines.cancel();
      const server = ready.clients;
      const writer = new RpcClient({ server });
      assertEquals((await writer.call("report", { withinMs: 20_000 })).kind, "replied");
      const idle = Array.from({ length: 200 }, () => new RpcClient({ server }));
      await Promise.all(idle.map((client) => client.connect()));
      const connected = idle.filter((client) => client.isConnected);
      assertGreater(connected.length, 4);
      assert(connected.length < 64, "the others were refused");
      // Segments have 16 MiB: a new one is needed on the way.
      for (let at = 0; at < 20; at++) {
        const value = new Uint8Array(2 ** 20);
        const request = encodeRequest({ type: "put", key: `k${at}`, value, version: 0 });
        const outcome = await writer.call(request, { withinMs: 20_000 });
        assertEquals(outcome.kind, "replied", `put ${at}`);
      }
      for (const client of [writer, ...idle]) client.close();
      await child.stdin.close();
      assertEquals((await child.status).code, 0);
    });
  },
});
