/**
 * Clusters of three nodes of which one, two or all disks fill up, on small file systems in memory.
 *
 * @module
 */

import { assert } from "@std/assert";
import { listLog } from "../helpers/list_log.ts";
import { startNode, storeOf } from "../helpers/serving_node.ts";
import { inTime, until } from "../helpers/until.ts";
import { freePort } from "../../cli/cluster/mod.ts";

const FOLDER = Deno.makeTempDirSync({ prefix: "kontiki-full-disks-" });
const FOLDERS = [1, 2, 3].map((id) => `${FOLDER}/${id}`);
const VALUE = new Uint8Array(60_000).fill(7);
const PUTS = 150;

function run(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const isMounted = FOLDERS.every((folder) => {
  Deno.mkdirSync(folder);
  return run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder);
});

for (const full of [1, 2, 3]) {
  Deno.test({
    name:
      `nothing acknowledged is lost when the disks of ${full} of 3 nodes are full for a while, ` +
      "and a stop does not wait for room (D5)",
    ignore: !isMounted, // It mounts small file systems, which only the superuser of Linux may do.
    fn: async () => {
      const resize = (size: string, count: number) => {
        for (const folder of FOLDERS.slice(0, count)) {
          assert(run("mount", "-o", `remount,size=${size}`, folder));
        }
      };
      resize("4m", full);
      const ports = FOLDERS.map(() => freePort());
      const peers = new Map(ports.map((port, at) => [at + 1, { hostname: "127.0.0.1", port }]));
      const start = () =>
        Promise.all(FOLDERS.map((folder, at) =>
          startNode({
            ...{ id: at + 1, peers, data: `${folder}/data`, tickMs: 10 },
            ...{ logBytesMax: 2 ** 30, log: listLog([]) },
          })
        ));
      let nodes = await start();
      let store = storeOf(nodes);
      const stored: string[] = [];
      const put = async (key: string) => {
        const { outcome } = await store.put(key, VALUE, { timeoutMs: 2_000 });
        if (outcome === "yes") stored.push(key);
        return outcome === "yes";
      };
      let refused = 0;
      await until(() => put("first"));
      for (let place = 0; place < PUTS && refused < 2; place++) {
        if (!await put(`k${place}`)) refused++;
      }
      // With one full disk the two others go on; with two or three nothing can be stored.
      assert(stored.length > 1 && (full === 1 || refused > 0), `${stored.length} stored`);
      resize("64m", full);
      await until(() => put("later"));
      for (const folder of FOLDERS.slice(0, full)) {
        run("sh", "-c", `cat /dev/zero > ${folder}/filler`);
      }
      for (let place = 0; place < 2; place++) await put(`more${place}`);
      await inTime(Promise.all(nodes.map((node) => node.stop())), "the stop", 10_000);
      await store.close();
      for (const folder of FOLDERS.slice(0, full)) await Deno.remove(`${folder}/filler`);
      nodes = await start();
      store = storeOf(nodes);
      for (const key of stored) {
        const result = await store.get(key, { timeoutMs: 20_000 });
        assert(result.outcome === "found" && result.value.length === VALUE.length, key);
      }
      await store.close();
      await Promise.all(nodes.map((node) => node.stop()));
      for (const folder of FOLDERS) await Deno.remove(`${folder}/data`, { recursive: true });
    },
  });
}

Deno.test("the small file systems are unmounted", () => {
  for (const folder of FOLDERS) {
    if (isMounted) assert(run("umount", folder), `Cannot unmount ${folder}`);
    Deno.removeSync(folder);
  }
  Deno.removeSync(FOLDER);
});
