/**
 * `kontiki up` never starts a node that has served with an empty folder: the node would have
 * forgotten its votes and acknowledgements, and an acknowledged value could be lost (D8).
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { runCommand } from "../helpers/commands.ts";
import { withFolder } from "../helpers/with_folder.ts";

Deno.test("up goes on without a node whose folder is lost, and start refuses the node", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/data`;
    const up = (script: string) => runCommand(["up", "--data", folder, "--exec", script]);
    assertEquals((await up("put a 1")).code, exitCodes.ok);
    await Deno.remove(`${folder}/n2`, { recursive: true });
    const { code, out, error } = await up("sleep 1s; get a; start n2");
    assertEquals([code, out], [exitCodes.failure, "1\n"]);
    assertStringIncludes(error, "n2 ended with exit code 7: Cannot use the storage: the folder ");
    assertStringIncludes(error, "n2 ended at once");

    await Deno.remove(`${folder}/n1`, { recursive: true });
    assertEquals((await up("get a")).code, exitCodes.damaged);
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assertEquals(names.includes("n1"), false);
  });
});

Deno.test("up treats the nodes of an earlier version's cluster as nodes that have served", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/data`;
    const up = (script: string) => runCommand(["up", "--data", folder, "--exec", script]);
    assertEquals((await up("put a 1")).code, exitCodes.ok);
    const path = `${folder}/cluster.json`;
    const file = JSON.parse(await Deno.readTextFile(path));
    for (const node of file.nodes) delete node.hasServed;
    await Deno.writeTextFile(path, JSON.stringify(file));
    await Deno.remove(`${folder}/n3`, { recursive: true });
    const { code, error } = await up("sleep 1s; get a");
    assertEquals(code, exitCodes.ok, error);
    assertStringIncludes(error, "n3 ended with exit code 7");
  });
});

Deno.test("a node that lost its folder is refused when it is started with --existing (D8)", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/n1`;
    const node = ["node", "--id", "1", "--peers", "1=127.0.0.1:0", "--until-input-ends"];
    for (const problem of ["does not exist", "holds nothing"]) {
      const lost = await runCommand([...node, "--data", folder, "--existing"]);
      assertEquals(lost.code, exitCodes.damaged);
      const { level, message } = JSON.parse(lost.error);
      assertEquals([level, message.includes(problem)], ["error", true], message);
      await Deno.mkdir(folder, { recursive: true });
    }
    assertEquals((await runCommand([...node, "--data", folder])).code, exitCodes.ok);
    assertEquals((await runCommand([...node, "--data", folder, "--existing"])).code, exitCodes.ok);
  });
});
