/**
 * Tests of `kontiki inspect` on the folder of a node that keeps its store in tables, and of a start
 * from damaged tables.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { DenoFiles, FileStorage, Node, Rsm, submit, SystemClock } from "../../../raft/mod.ts";
import { encodeRequest, KvStore, TableImages } from "../../../kv/mod.ts";
import { exitCodes } from "../../../cli/table/mod.ts";
import { freePort } from "../../../cli/cluster/free_port.ts";
import { runCommand, runToEnd, startCommand } from "../../helpers/commands.ts";
import { until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";

/** Writes some keys as a node does, and stops it cleanly. */
async function writeKeys(folder: string): Promise<void> {
  const clock = new SystemClock();
  const images = new TableImages({ files: new DenoFiles(`${folder}/tables`), clock });
  const machine = new KvStore(undefined, undefined, images.state);
  const rsm = new Rsm({ machine, images, logBytesMax: 1 << 20, clock });
  const identity = { cluster: "test", node: 1 };
  const node = await Node.start({
    id: 1,
    peers: [1],
    storage: new FileStorage({ files: new DenoFiles(folder), identity }),
    transport: { send: () => {}, waiting: () => 0 },
    clock,
    random: Math.random,
    application: rsm,
    failed: (error) => {
      throw error;
    },
  });
  rsm.attach(node);
  await until(() => node.status().role === "leader");
  for (let count = 0; count < 100; count++) {
    const value = new Uint8Array(100);
    const put = encodeRequest({ type: "put", key: `key ${count}`, value, version: 0 });
    assertEquals((await submit(rsm, put)).kind, "done");
  }
  rsm.stop();
  await node.stop();
}

Deno.test("inspect reports the tables of a node, and their damage with its keys", async () => {
  await withFolder(async (folder) => {
    await writeKeys(folder);
    const sound = await runCommand(["inspect", folder]);
    assertMatch(sound.out, /\ntables {4}sound, up to 101@1, /);
    assertMatch(sound.out, /\nstate {5}100 keys in 100 versions, /);
    assertEquals(sound.code, exitCodes.ok);
    const path = `${folder}/tables/00000001.table`;
    const bytes = await Deno.readFile(path);
    bytes[500]! ^= 1;
    await Deno.writeFile(path, bytes);
    const damaged = await runCommand(["inspect", folder, "--json"]);
    const { verdict, tables } = JSON.parse(damaged.out);
    assertEquals([verdict, tables.verdict, damaged.code], ["sound", "refused", exitCodes.damaged]);
    assertMatch(tables.problem, /^a block of a table does not match its checksum, keys from "/);
  });
});

Deno.test("inspect says that entries between the tables and the log are missing", async () => {
  await withFolder(async (folder) => {
    await writeKeys(folder);
    const files = new DenoFiles(folder);
    const storage = new FileStorage({ files, identity: { cluster: "test", node: 1 } });
    const { entries } = await storage.load();
    const { index, term, times } = entries.at(-1)!;
    const members = { voters: [], outgoing: [], learners: [] };
    await storage.save({
      vote: null,
      snapshot: { last: { index, term, times }, members, data: new Uint8Array(0) },
      tail: null,
    });
    await storage.close();
    await Deno.remove(`${folder}/tables/manifest`);
    const { out, code } = await runCommand(["inspect", folder]);
    assert(out.includes("the tables end at entry 0, and the log begins behind 101"), out);
    assertEquals(code, exitCodes.damaged);
  });
});

Deno.test("inspect and a start refuse a log that has lost entries of which the tables were made", async () => {
  await withFolder(async (folder) => {
    await writeKeys(folder);
    const storage = new FileStorage({
      ...{ files: new DenoFiles(folder), identity: { cluster: "test", node: 1 } },
    });
    await storage.load();
    await storage.save({ vote: null, snapshot: null, tail: { from: 90, entries: [] } });
    await storage.close();
    const { out, code } = await runCommand(["inspect", folder]);
    assert(out.includes("the tables were written from the log up to entry 101"), out);
    assert(out.includes("and the log ends at 89"), out);
    assertEquals(code, exitCodes.damaged);
    const place = ["--id", "1", "--peers", "1", "--clients", "127.0.0.1:0", "--cluster", "test"];
    const ended = await runToEnd(startCommand(["node", ...place, "--data", folder]), "");
    assertEquals(ended.code, exitCodes.damaged, ended.error);
    assert(ended.error.includes("kontiki member replace"), ended.error);
    assert(ended.error.includes("up to entry 101 of term 1, and the log ends at 89"), ended.error);
  });
});

Deno.test("a node ends with exit code 7 at a damaged block, and names file and keys", async () => {
  await withFolder(async (folder) => {
    await writeKeys(folder);
    const path = `${folder}/tables/00000001.table`;
    const bytes = await Deno.readFile(path);
    bytes[500]! ^= 1;
    await Deno.writeFile(path, bytes);
    const endpoint = `127.0.0.1:${freePort()}`;
    const place = ["--id", "1", "--peers", "1", "--clients", endpoint, "--cluster", "test"];
    const node = startCommand(["node", ...place, "--data", folder]);
    const ended = runToEnd(node, "");
    const read = await runCommand(["get", "key 0", "--endpoints", endpoint, "--timeout", "2s"]);
    assert(read.code !== exitCodes.ok, "a damaged block is never served");
    const { code, error } = await ended;
    assertEquals(code, exitCodes.damaged, error);
    assertMatch(error, /a block of a table does not match its checksum, keys from .{1,2}key 0/);
    assertMatch(error, /00000001\.table at byte \d+/);
  });
});
