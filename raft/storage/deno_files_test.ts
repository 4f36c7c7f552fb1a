/** Tests of {@linkcode DenoFiles}, and of {@linkcode FileStorage} on it, in temporary folders. @module */

import { assertEquals } from "@std/assert";
import { storageSuite } from "../../tests/storage/storage_suite.ts";
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
