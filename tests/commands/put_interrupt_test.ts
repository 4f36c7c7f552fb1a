/**
 * The message of an interrupted put: nothing was changed if its request never left, else the
 * outcome is unknown.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { RpcServer } from "../../net/mod.ts";
import { killCommand, startCommand as start } from "../helpers/commands.ts";

/** Starts a command, interrupts it when it has come so far, and returns how it ended. */
async function interrupt(
  line: readonly string[],
  moment: Promise<unknown>,
): Promise<{ code: number; out: string; error: string }> {
  const child = start(line);
  try {
    await moment;
    child.kill("SIGINT");
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
  } finally {
    await killCommand(child);
  }
}

Deno.test({
  name: "an interrupted put that never left says that nothing was changed",
  ignore: Deno.build.os === "windows", // Windows has no signals that ask a process to stop.
  fn: async () => {
    // This server accepts connections and sends no hello, so that no request may be sent.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connections: Deno.Conn[] = [];
    const put = ["put", "a", "b", "-e", `127.0.0.1:${listener.addr.port}`, "--timeout", "60s"];
    let asked = Promise.withResolvers<void>();
    const accepting = (async () => {
      for await (const connection of listener) {
        connections.push(connection);
        // The first connection is for the node's name, the next for the request.
        if (connections.length % 2 === 0) asked.resolve();
      }
    })();
    try {
      const text = await interrupt([...put, "--version", "1"], asked.promise);
      assertEquals([text.code, text.out], [exitCodes.interrupted, ""]);
      assertEquals(text.error, "Interrupted: nothing was changed.\n");
      asked = Promise.withResolvers();
      connections.splice(0).forEach((connection) => connection.close());
      const json = await interrupt([...put, "--version", "1", "--json"], asked.promise);
      assertEquals(json.code, exitCodes.interrupted);
      assertEquals(JSON.parse(json.out), {
        outcome: "interrupted",
        message: "Interrupted: nothing was changed.",
      });
    } finally {
      connections.forEach((connection) => connection.close());
      listener.close();
      await accepting;
    }
  },
});

Deno.test({
  name: "an interrupted put that may have been executed says so",
  ignore: Deno.build.os === "windows", // Windows has no signals that ask a process to stop.
  fn: async () => {
    const asked = Promise.withResolvers<void>();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, transport: "tcp" });
    const server = new RpcServer({
      listener,
      ...{ cluster: "mute", id: 1, log: () => {} },
      // Reports may be refused, but the put gets no answer.
      handle: (request, reply) => request instanceof Uint8Array ? asked.resolve() : reply(null),
    });
    try {
      const put = ["put", "a", "b", "--version", "0", "--timeout", "60s", "--json"];
      const { code, out } = await interrupt(
        [...put, "-e", `127.0.0.1:${listener.addr.port}`],
        asked.promise,
      );
      assertEquals(code, exitCodes.interrupted);
      assertStringIncludes(JSON.parse(out).message, "may or may not have been written");
    } finally {
      server.close();
    }
  },
});
