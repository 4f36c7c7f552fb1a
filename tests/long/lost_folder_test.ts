/**
 * A node that lost its folder takes part in nothing until it is added anew: it would have forgotten
 * its votes and acknowledgements, and an acknowledged value could be lost (D8, I2).
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exitCodes } from "../../cli/table/exit_codes.ts";
import { connect } from "../../net/store/mod.ts";
import { runCommand } from "../helpers/commands.ts";
import { withHandNodes } from "../helpers/hand_nodes.ts";
import { until } from "../helpers/until.ts";
import { withFolder } from "../helpers/with_folder.ts";

/** The log of a node of a local cluster. */
const logOf = (folder: string, node: string) => Deno.readTextFileSync(`${folder}/${node}.log`);

Deno.test("up goes on without a node whose folder is lost, which waits to be added anew", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/data`;
    const up = (script: string) => runCommand(["up", "--data", folder, "--exec", script]);
    const begun = await up("put a 1");
    assertEquals(begun.code, exitCodes.ok, begun.error);
    await Deno.remove(`${folder}/n2`, { recursive: true });
    const { code, out, error } = await up("get a; put a 2 --version 1");
    assertEquals([code, out.startsWith("1\n")], [exitCodes.ok, true], error);
    assertStringIncludes(logOf(folder, "n2"), "member replace n2 --with");
  });
});

Deno.test("up shows a node that lost its folder, which replaces itself by one command", async () => {
  await withFolder(async (parent) => {
    const folder = `${parent}/data`;
    const up = (script: string) => runCommand(["up", "--data", folder, "--exec", script]);
    assertEquals((await up("put a 1")).code, exitCodes.ok);
    await Deno.remove(`${folder}/n2`, { recursive: true });
    const { code, out, error } = await up("status; member replace n2; get a; member list");
    assertEquals(code, exitCodes.ok, error);
    assert(/^n2 .*waits to be added/m.test(out), out);
    assertStringIncludes(out, "members: n1 n3 n2\n1\n");
    assert(/^n2 +voter/m.test(out), out);
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
    const { code, error } = await up("get a");
    assertEquals(code, exitCodes.ok, error);
    assertStringIncludes(logOf(folder, "n3"), "n3 has an empty folder");
  });
});

Deno.test("a folder that is deleted under load is replaced by one command, and nothing is lost (I2)", async () => {
  await withHandNodes(async (nodes) => {
    const names = ["a1", "a2", "a3"];
    await nodes.bootstrap(names);
    const endpoints = names.map((name) => nodes.place(name, "client"));
    const store = connect(endpoints);
    let isLoaded = true;
    let written = 0;
    const load = (async () => {
      while (isLoaded) {
        const value = Uint8Array.of(written % 256);
        const { outcome } = await store.put(`k${written}`, value, { timeoutMs: 20_000 });
        assertEquals(outcome, "yes");
        written += 1;
      }
    })();
    await until(() => written > 200);
    await nodes.kill("a2");
    await Deno.remove(`${nodes.folder}/a2`, { recursive: true });
    nodes.start("a2");
    const flags = ["--timeout", "30s", "--endpoints", endpoints.join()];
    const place = ["--with", nodes.place("a2", "client")];
    const replaced = await runCommand(["member", "replace", "n2", ...place, ...flags]);
    assertEquals(replaced.out, "members: n1 n3 n2\n", replaced.error);
    const before = written;
    await until(() => written > before + 200);
    isLoaded = false;
    await load;
    // The fresh folder is needed for a majority from here on.
    await nodes.kill("a1");
    for (let at = 0; at < written; at++) {
      const read = await store.get(`k${at}`, { timeoutMs: 20_000 });
      const value = read.outcome === "found" ? read.value : read.outcome;
      assertEquals(value, Uint8Array.of(at % 256), `k${at} of ${written}`);
    }
    await store.close();
  });
});

Deno.test("a node with an emptied folder votes for nobody, and cannot begin a cluster again (I2, D8)", async () => {
  await withHandNodes(async (nodes) => {
    const names = ["a1", "a2", "a3"];
    await nodes.bootstrap(names);
    const endpoints = names.map((name) => nodes.place(name, "client")).join();
    const put = (...more: readonly string[]) =>
      runCommand(["put", "k", "1", "--version", "0", "--endpoints", endpoints, ...more]);
    await nodes.kill("a3");
    assertEquals((await put()).code, exitCodes.ok);
    await nodes.kill("a1");
    await nodes.kill("a2");
    await Deno.remove(`${nodes.folder}/a2`, { recursive: true });
    nodes.start("a2");
    nodes.start("a3");
    assertEquals((await put("--timeout", "3s")).code, exitCodes.unavailable);
    nodes.start("a1");
    assertEquals((await put("--timeout", "20s")).code, exitCodes.versionConflict);

    await nodes.kill("a2");
    const peers = names.map((name) => `${name.slice(1)}=${nodes.place(name, "peer")}`).join();
    const again = ["--bootstrap", "--peers", peers, "--clients", nodes.place("a2", "client")];
    const data = ["--id", "2", "--data", `${nodes.folder}/a2`];
    const refused = await runCommand(["node", ...data, ...again]);
    assertEquals(refused.code, exitCodes.failure);
    assertStringIncludes(refused.error, "belongs to one already");
  });
});

Deno.test("a cluster that lists a node of another by mistake gets no node of it (I1)", async () => {
  await withHandNodes(async (nodes) => {
    await nodes.bootstrap(["a1", "a2", "a3"]);
    const endpoints = ["a1", "a2", "a3"].map((name) => nodes.place(name, "client")).join();
    const list = ["b1", "b2", "a3"].map((name) => `${name.slice(1)}=${nodes.place(name, "peer")}`);
    const refused = await Promise.all(["b1", "b2"].map((name) => {
      const own = ["--id", name.slice(1), "--data", `${nodes.folder}/${name}`];
      const place = ["--clients", nodes.place(name, "client"), "--bootstrap"];
      return runCommand(["node", ...own, ...place, "--peers", list.join()]);
    }));
    for (const { code, error } of refused) {
      assertEquals(code, exitCodes.failure, error);
      assertStringIncludes(error, "n3 belongs to one already");
    }
    const put = await runCommand(["put", "k", "1", "--endpoints", endpoints]);
    assertEquals(put.code, exitCodes.ok, put.error);
    const { nodes: reports } = JSON.parse(
      (await runCommand(["status", "--json", "--endpoints", endpoints])).out,
    );
    assertEquals(reports.length, 3);
    assert(reports.every(({ unreachable }: { unreachable?: true }) => unreachable === undefined));
  });
});

Deno.test("a folder that survived becomes a new cluster, which the old nodes cannot join (I1)", async () => {
  await withHandNodes(async (nodes) => {
    const names = ["a1", "a2", "a3"];
    await nodes.bootstrap(names);
    const endpoints = names.map((name) => nodes.place(name, "client"));
    const put = (key: string, at = endpoints.join()) =>
      runCommand(["put", key, key, "--version", "0", "--endpoints", at, "--timeout", "10s"]);
    assertEquals((await put("old")).code, exitCodes.ok);
    // From now on the key is in tables alone, and not in the log.
    const compacted = await runCommand(["compact", "--endpoints", endpoints.join()]);
    assertEquals(compacted.code, exitCodes.ok, compacted.error);
    for (const name of names) await nodes.kill(name);
    const data = ["--data", `${nodes.folder}/a3`];
    const planned = await runCommand(["recover", "--dry-run", ...data]);
    assertStringIncludes(planned.out, "n3 holds ");
    const before = await runCommand(["inspect", `${nodes.folder}/a3`]);
    const recovered = await runCommand(["recover", "--json", ...data]);
    assertEquals(recovered.code, exitCodes.ok, recovered.error);
    const { clusterId, kept } = JSON.parse(recovered.out);
    const kinds = (text: string) => text.split("\n").filter((line) => line.startsWith("member "));
    const after = await runCommand(["inspect", `${nodes.folder}/a3`]);
    assertStringIncludes(after.out, clusterId);
    assertEquals([kinds(before.out).length, kinds(after.out).length], [3, 1], after.out);
    assertEquals((await runCommand(["inspect", kept])).code, exitCodes.ok);

    // It needs no flags but its folder, and is alone.
    nodes.start("a3");
    assertEquals((await put("old", endpoints[2])).code, exitCodes.versionConflict);
    assertEquals((await put("new", endpoints[2])).code, exitCodes.ok);
    // A node of the old cluster names the address of a3, where the new one now is: no client of the
    // old cluster may ask there.
    nodes.start("a1");
    const alone = ["put", "new", "x", "--version", "0", "--endpoints", endpoints[0]!];
    assertEquals((await runCommand([...alone, "--timeout", "3s"])).code, exitCodes.unavailable);
    // The others are a majority of the old cluster: the two clusters leave each other in peace.
    nodes.start("a2");
    assertEquals((await put("new", endpoints.slice(0, 2).join())).code, exitCodes.ok);
    assertEquals((await put("newer", endpoints[2])).code, exitCodes.ok);
    const { out } = await runCommand(["member", "list", "--json", "--endpoints", endpoints[2]!]);
    assertEquals(JSON.parse(out).members.map(({ id }: { id: number }) => id), [3]);
    nodes.start("a4", "--join", endpoints[2]!);
    await nodes.serves("a4");
    const grown = await runCommand(["member", "list", "--json", "--endpoints", endpoints[2]!]);
    assertEquals(JSON.parse(grown.out).members.map(({ id }: { id: number }) => id), [3, 4]);
  });
});
