/**
 * Tests of the file that names the cluster of a folder.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { SimDisk } from "../../tests/sim/sim_disk.ts";
import { type Folder, readFolder, writeFolder } from "./members_file.ts";
import { StorageError } from "./storage_error.ts";

const member = (id: number) => ({
  id,
  incarnation: `${id}`.repeat(32),
  peer: `10.0.0.${id}:7400`,
  client: "",
});
const IDENTITY = { cluster: "c", node: 2, clusterId: "ab".repeat(16), incarnation: "2".repeat(32) };
const FOLDER: Folder = {
  identity: IDENTITY,
  founders: { voters: [1, 2, 3].map(member), outgoing: [], learners: [] },
  ...{ peer: "10.0.0.2:7400", client: "10.0.0.2:7401", hasBegun: false },
  starts: { latest: 1_760_000_001, drawn: [17, 2 ** 32 - 1] },
  heard: [{
    id: 1,
    incarnation: "1".repeat(32),
    start: 4,
    drawn: 99,
    run: 2 ** 50,
    term: 3,
    match: 17,
  }],
};
const UNBORN: Folder = { ...FOLDER, identity: { ...IDENTITY, clusterId: "" }, founders: null };

Deno.test("readFolder gives what writeFolder wrote, before a birth and after it", async () => {
  const disk = new SimDisk();
  assertEquals(await readFolder(disk.open(), null), null);
  for (const folder of [UNBORN, FOLDER]) {
    await writeFolder(disk.open(), folder);
    assertEquals(await readFolder(disk.open(), null), folder);
    assertEquals([...disk.image().keys()], ["members"]);
  }
});

Deno.test("readFolder refuses the folder of another node, and any flipped bit (I3, D6)", async () => {
  const disk = new SimDisk();
  await writeFolder(disk.open(), FOLDER);
  await assertRejects(
    () => readFolder(disk.open(), { cluster: "c", node: 1 }),
    StorageError,
    'it belongs to node n2 of cluster "c"',
  );
  const bytes = disk.image().get("members")!;
  for (let at = 0; at < bytes.length; at++) {
    const copy = bytes.slice();
    copy[at]! ^= 1 << at % 8;
    const error = await assertRejects(
      () => readFolder(new SimDisk(new Map([["members", copy]])).open(), null),
      StorageError,
    );
    assert(error.kind === "damaged", `byte ${at}: ${error.message}`);
  }
});

Deno.test("readFolder refuses a folder whose other files are gone (I2, D8)", async () => {
  const disk = new SimDisk();
  await writeFolder(disk.open(), { ...FOLDER, hasBegun: true });
  await assertRejects(() => readFolder(disk.open(), null), StorageError, "the vote is missing");
});

Deno.test("writeFolder leaves the file before or the one after when it is cut off anywhere (D9)", async () => {
  const first = new SimDisk();
  await writeFolder(first.open(), UNBORN);
  const texts = new Set<string>();
  const disk: SimDisk = new SimDisk(first.image(), {
    changed: () => images.push(...disk.imagesAfterPowerCut(() => 0.3, 64)),
  });
  const images: ReturnType<SimDisk["imagesAfterPowerCut"]>[number][] = [];
  await writeFolder(disk.open(), FOLDER);
  for (const image of images) {
    texts.add(JSON.stringify(await readFolder(new SimDisk(image).open(), null)));
  }
  const wanted = [UNBORN, FOLDER].map((folder) => JSON.stringify(folder));
  for (const text of texts) assert(wanted.includes(text), text);
  assertEquals(texts.size, 2);
});
