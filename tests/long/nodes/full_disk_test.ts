/**
 * A node on a disk that fills up, on a small file system of its own in memory.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { listLog } from "../../helpers/list_log.ts";
import { startNode, storeOf } from "../../helpers/serving_node.ts";
import { until } from "../../helpers/until.ts";
import type { RunningNode } from "../../../cli/node/node_settings.ts";

const FOLDER = Deno.makeTempDirSync({ prefix: "kontiki-full-disk-" });
const VALUE = new Uint8Array(60_000).fill(7);

function mount(...args: string[]): boolean {
  try {
    return new Deno.Command("mount", { args, stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const isMounted = mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", FOLDER);

function start(lines: string[]): Promise<RunningNode> {
  const settings = { data: `${FOLDER}/data`, control: true, logBytesMax: 2 ** 30 };
  return startNode({ ...settings, log: listLog(lines) });
}

Deno.test({
  name:
    "a full disk refuses puts, answers gets, and goes on without a restart when it has room (D5)",
  ignore: !isMounted, // It mounts a small file system, which only the superuser of Linux may do.
  fn: async () => {
    const lines: string[] = [];
    const stored: string[] = [];
    let node = await start(lines);
    let store = storeOf([node]);
    await until(() => node.report().status.role === "leader");
    let isFull = false;
    for (let place = 0; place < 200 && !isFull; place++) {
      const result = await store.put(`k${place}`, VALUE);
      if (result.outcome === "yes") stored.push(`k${place}`);
      else {
        assertEquals(result, { outcome: "no", reason: "full" });
        isFull = true;
      }
    }
    assert(isFull && stored.length > 5, `${stored.length} stored`);
    assertStringIncludes(lines.join("\n"), "the disk is full, and puts may be refused");
    for (const key of stored) {
      const result = await store.get(key);
      assert(result.outcome === "found" && result.value.length === VALUE.length, key);
    }
    assert(mount("-o", "remount,size=64m", FOLDER));
    await until(async () => (await store.put("later", VALUE)).outcome === "yes");
    assertStringIncludes(lines.join("\n"), "the disk has room again");
    await store.close();
    await node.stop();
    node = await start(lines);
    store = storeOf([node]);
    for (const key of [...stored, "later"]) {
      const result = await store.get(key);
      assert(result.outcome === "found" && result.value.length === VALUE.length, key);
    }
    assertGreater(stored.length, 0);
    await store.close();
    await node.stop();
  },
});

Deno.test("the small file system is unmounted", () => {
  if (isMounted) {
    const { success } = new Deno.Command("umount", { args: [FOLDER] }).outputSync();
    assert(success, `Cannot unmount ${FOLDER}`);
  }
  Deno.removeSync(FOLDER);
});
