/**
 * Older values after a restart of all nodes, as a user sees them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runCommand } from "../../helpers/commands.ts";
import { withFolder } from "../../helpers/with_folder.ts";

Deno.test("older values outlive a restart of all nodes, as long as the history reaches back", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/data`;
    const up = async (script: string, ...flags: string[]): Promise<string> => {
      const { code, out, error } = await runCommand(
        ["up", "--data", folder, ...flags, "--exec", script],
      );
      assertEquals(code, 0, error);
      return out;
    };
    const first = await up("put a one; put a two; get a --revision 2");
    const revision = /^one$/m.test(first) ? 2 : 0;
    assertEquals(revision, 2, first);
    const second = await up("get a --revision 2; history a; put a three; history a");
    assert(second.startsWith("one\n"), second);
    assertEquals(second.match(/ {2}one$/gm)?.length, 2, second);
    assertEquals(second.match(/ {2}three$/gm)?.length, 1, second);
    // Every write now ends what was before it.
    const third = await up("put a four; history a", "--history-bytes", "1B");
    assertEquals(third.match(/ {2}(one|two|four)$/gm), ["  four"], third);
  });
});
