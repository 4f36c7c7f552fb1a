/** Tests of {@linkcode DenoFiles}, and of {@linkcode FileStorage} on it, in temporary folders. @module */

import { assert, assertEquals } from "@std/assert";
import { saveOf, snapshotOf, storageSuite } from "../../tests/storage/storage_suite.ts";
import { DenoFiles } from "./deno_files.ts";
import { FileStorage } from "./file_storage.ts";

const identity = { cluster: "c", node: 1 };

storageSuite("FileStorage on the real disk", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  return {
    open: () =>
      Promise.resolve(
        new FileStorage({
          files: new DenoFiles(`${folder}/not/there`),
          identity,
          segmentBytesMax: 2000,
        }),
      ),
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}, { seeds: 2 });

Deno.test("DenoFiles gives the lock to one user at a time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const first = new DenoFiles(folder);
  const second = new DenoFiles(folder);
  assertEquals(await first.lock(), true);
  assertEquals(await second.lock(), false);
  await first.close();
  const third = new DenoFiles(folder);
  assertEquals(await third.lock(), true);
  await third.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("DenoFiles makes its folder and all missing parents durable (D2)", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const synced: string[] = [];
  const open = Deno.open;
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    const sync = file.sync.bind(file);
    file.sync = () => {
      synced.push(`${path}`.slice(folder.length));
      return sync();
    };
    return file;
  };
  try {
    const files = new DenoFiles(`${folder}/a/b/`);
    assertEquals(await files.lock(), true);
    await files.close();
  } finally {
    Deno.open = open;
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(synced, ["", "/a"]);
});

Deno.test("DenoFiles waits a moment for a lock whose holder is about to end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const first = new DenoFiles(folder);
  const second = new DenoFiles(folder);
  assertEquals(await first.lock(), true);
  const locking = second.lock();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await first.close();
  assertEquals(await locking, true);
  await second.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("DenoFiles reads ranges within, across and after the appended bytes", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const files = new DenoFiles(folder);
  const file = await files.create("a.tmp");
  await file.append(new Uint8Array([1, 2, 3]));
  await file.sync();
  await files.rename("a.tmp", "a");
  await files.syncFolder();
  const large = new Uint8Array(100_000).fill(4);
  await file.append(large);
  await file.sync();
  await file.close();
  assertEquals(await files.list(), ["a"]);
  assertEquals(await files.size("a"), 100_003);
  assertEquals([...await files.read("a", { offset: 1, length: 3 })], [2, 3, 4]);
  assertEquals((await files.read("a", { offset: 100_000, length: 50 })).length, 3);
  assertEquals((await files.read("a", { offset: 200_000, length: 50 })).length, 0);
  await files.remove("a");
  assertEquals(await files.list(), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("DenoFiles keeps other users of the machine out of the folder and its files", async () => {
  const parent = await Deno.makeTempDir({ prefix: "kontiki-" });
  const folder = `${parent}/data`;
  const storage = new FileStorage({ files: new DenoFiles(folder), identity });
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 }, snapshot: snapshotOf(1, 1) }));
  await storage.close();
  const modes: Record<string, string> = {};
  const modeOf = async (path: string) => (((await Deno.stat(path)).mode ?? 0) & 0o777).toString(8);
  for await (const { name } of Deno.readDir(folder)) {
    modes[name] = await modeOf(`${folder}/${name}`);
  }
  assertEquals(await modeOf(folder), "700");
  assertEquals(new Set(Object.values(modes)), new Set(["600"]), JSON.stringify(modes));
  assertEquals(Object.keys(modes).length, 5, JSON.stringify(modes));
  await Deno.remove(parent, { recursive: true });
});

Deno.test("DenoFiles writes over a part of a file that is opened again", async () => {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  const files = new DenoFiles(folder);
  const file = await files.create("a");
  await file.append(new Uint8Array(6));
  await file.sync();
  await file.close();
  const again = await files.reopen("a");
  await again.write(new Uint8Array([1, 2]), 3);
  await again.write(new Uint8Array([3]), 1);
  await again.append(new Uint8Array([4]));
  await again.sync();
  await again.close();
  assertEquals([...await files.read("a", { offset: 0, length: 9 })], [0, 3, 0, 1, 2, 0, 4]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("DenoFiles ends a pause when it is closed", async () => {
  const files = new DenoFiles("nowhere");
  const begin = performance.now();
  const pausing = files.pause();
  await files.close();
  await pausing;
  assert(performance.now() - begin < 500);
});
