/**
 * The client for programs knows one address, and goes on when that node dies and when every member is
 * replaced by another.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { exitCodes } from "../../../cli/table/exit_codes.ts";
import { connect } from "../../../net/store/mod.ts";
import { runCommand } from "../../helpers/commands.ts";
import { withHandNodes } from "../../helpers/hand_nodes.ts";
import { until } from "../../helpers/until.ts";

Deno.test("a client that knows one node goes on without it, and after all members were replaced", async () => {
  await withHandNodes(async (nodes) => {
    await nodes.bootstrap(["a1", "a2", "a3"]);
    await using store = connect([nodes.place("a1", "client")], { timeoutMs: 30_000 });
    let count = 0;
    let isOn = true;
    const load = async (): Promise<void> => {
      while (isOn) {
        const { outcome } = await store.put("count", `${++count}`);
        assertEquals(outcome, "yes", `put ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const later = async (): Promise<void> => {
      const before = count;
      await until(() => count > before + 2, "operations go on");
    };
    const loading = load();
    let seen = 0;
    const watch = store.watch("count");
    const watching = (async (): Promise<void> => {
      for await (const { changes: [change] } of watch) {
        const number = Number(new TextDecoder().decode(change!.value));
        assert(number === seen + 1 || seen === 0, `the watch saw ${number} after ${seen}`);
        seen = number;
      }
    })();
    await later();
    await nodes.kill("a1");
    await later();
    for (const [lost, fresh] of [["1", "4"], ["2", "5"], ["3", "6"]] as const) {
      nodes.start(`a${fresh}`);
      const endpoints = nodes.running.map((name) => nodes.place(name, "client")).join();
      const place = nodes.place(`a${fresh}`, "client");
      const replace = ["member", "replace", `n${lost}`, "--with", place];
      const where = ["--endpoints", endpoints, "--timeout", "60s"];
      const { code, error } = await runCommand([...replace, ...where]);
      assertEquals(code, exitCodes.ok, error);
      await later();
      await nodes.kill(`a${lost}`);
      await later();
    }
    assertEquals(nodes.running, ["a4", "a5", "a6"]);
    isOn = false;
    await loading;
    await until(() => seen === count, "the watch sees the last put");
    const found = await store.get("count");
    assert(found.outcome === "found" && new TextDecoder().decode(found.value) === `${count}`);
    await store.close();
    await watching;
  });
});
