/**
 * `docs/protocol.md` is enough to write a client in another language: a small one in Python, written
 * from that page alone, works with a cluster.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { runCommand as run, runToEnd, withCluster } from "../helpers/commands.ts";

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
      "",
    ]);
    assertEquals((await run(["get", "colour", ...flags])).out, "red");
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
