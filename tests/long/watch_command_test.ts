/**
 * `kontiki watch` as a user runs it: lines, JSON, commands for each change, and its ends.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../../cli/cluster/free_port.ts";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import {
  firstLine,
  killCommand,
  runCommand as run,
  startCommand as start,
  withCluster,
} from "../helpers/commands.ts";

Deno.test("watch prints changes of keys as lines or JSON, and runs a command for each", async () => {
  await withCluster(async ({ flags }) => {
    const steps = "put jobs/1 x; put other y; put jobs/1 z; delete jobs/1; put jobs/2 w";
    await run(["shell", "--exec", steps, ...flags]);
    const past = ["watch", "--from", "0", ...flags];

    const lines = await run([...past, "--prefix", "jobs/", "--limit", "4", "--previous"]);
    const words = lines.out.trim().split("\n").map((line) => line.replace(/^\d+ /, ""));
    const wanted = [
      "put jobs/1 x",
      "put jobs/1 z (was x)",
      "delete jobs/1 (was z)",
      "put jobs/2 w",
    ];
    assertEquals([lines.code, words], [exitCodes.ok, wanted]);

    const json = await run([...past, "jobs/1", "--limit", "3", "--json"]);
    const groups = json.out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(groups.map(({ changes: [{ kind, key, value }] }) => [kind, key, value]), [
      ["put", "jobs/1", "x"],
      ["put", "jobs/1", "z"],
      ["delete", "jobs/1", undefined],
    ]);
    const { revision } = groups[0];
    const after = ["watch", "jobs/1", "--from", `${revision}`, "--limit", "1", ...flags];
    assertStringIncludes((await run(after)).out, "put jobs/1 z");
    const range = ["--start", "jobs/2", "--end", "jobs/3", "--keys-only", "--limit", "1"];
    assertStringIncludes((await run([...past, ...range])).out, "put jobs/2\n");
    const shell = await run(["shell", "--exec", "watch other --from 0 --limit 1", ...flags]);
    assertStringIncludes(shell.out, "put other y");

    const script = 'echo "$KONTIKI_REVISION $KONTIKI_CHANGES"';
    const each = await run([...past, "other", "--limit", "1", "--", "sh", "-c", script]);
    assertEquals(each.code, exitCodes.ok);
    assertStringIncludes(each.out, '[{"kind":"put","key":"other","value":"y"');
    const failing = await run([...past, "other", "--", "sh", "-c", "exit 3"]);
    assertEquals(failing.code, exitCodes.failure);
    assertStringIncludes(failing.error, "The program ended with exit code 3 for revision");
  });
});

Deno.test({
  name: "watch shows what is written while it runs, and ends with Ctrl-C",
  ignore: Deno.build.os === "windows", // Windows has no signals that ask a process to stop.
  fn: async () => {
    await withCluster(async ({ flags }) => {
      const child = start(["watch", "k", "--progress", ...flags]);
      try {
        assertStringIncludes(await firstLine(child.stdout), "up to here nothing is missing");
        assertEquals((await run(["put", "k", "now", ...flags])).code, exitCodes.ok);
        let line = await firstLine(child.stdout);
        while (line.includes("nothing is missing\n") && !line.includes("put")) {
          line = await firstLine(child.stdout);
        }
        assertStringIncludes(line, " put k now\n");
        child.kill("SIGINT");
        const { code, stderr } = await child.output();
        assertEquals([code, stderr.length], [exitCodes.interrupted, 0]);
      } finally {
        await killCommand(child);
      }
    });
  },
});

Deno.test("watch says what is wrong with its arguments, and that no node answers", async () => {
  const nobody = ["-e", `127.0.0.1:${freePort()}`, "--timeout", "300ms"];
  const two = await run(["watch", "k", "--prefix", "a", ...nobody]);
  assertEquals(two.code, exitCodes.usage);
  assertStringIncludes(two.error, "wanted KEY, --prefix, or --start and --end, got more than one");
  const from = await run(["watch", "k", "--from", "-1"]);
  assertEquals(from.code, exitCodes.usage);
  const alone = await run(["watch", "k", ...nobody]);
  assertEquals(alone.code, exitCodes.unavailable);
  assertStringIncludes(alone.error, "No node that serves watches answered within 300 ms.");
  const json = await run(["watch", "k", "--json", ...nobody]);
  assert(JSON.parse(json.out).outcome === "unavailable");
});
