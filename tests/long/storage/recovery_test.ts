/**
 * A recovery that is cut off after each of its calls of the disk, and a second one after it.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DenoFiles, type Files, readFolder } from "../../../raft/mod.ts";
import { endOf, firstLine, startCommand } from "../../helpers/commands.ts";
import { startNode, storeOf } from "../../helpers/serving_node.ts";
import { CommandError, exitCodes } from "../../../cli/table/mod.ts";
import { finish, isCutOff, openOld, recover } from "../../../cli/node/recovery/recovery.ts";
import { realDisk, type RecoveryDisk } from "../../../cli/node/recovery/recovery_disk.ts";

class CutOff extends Error {}

/** The calls of a disk; after so many of them nothing happens any more. */
class CountedDisk implements RecoveryDisk {
  calls = 0;
  readonly #max: number;
  /** Called before each call. */
  readonly #before: (call: string) => void;

  constructor(max = Infinity, before: (call: string) => void = () => {}) {
    this.#max = max;
    this.#before = before;
  }

  isThere = realDisk.isThere;
  list = realDisk.list;
  makeFolder = (folder: string) => this.#run("makeFolder", () => realDisk.makeFolder(folder));
  copy = (from: string, to: string) => this.#run("copy", () => realDisk.copy(from, to));
  rename = (from: string, to: string) => this.#run("rename", () => realDisk.rename(from, to));
  remove = (folder: string) => this.#run("remove", () => realDisk.remove(folder));

  files(folder: string): Files {
    const files = new DenoFiles(folder);
    const run = <T>(name: string, work: () => Promise<T>) => this.#run(name, work);
    const written = (file: Awaited<ReturnType<Files["create"]>>) => ({
      append: (bytes: Uint8Array) => run("append", () => file.append(bytes)),
      write: (bytes: Uint8Array, at: number) => run("write", () => file.write(bytes, at)),
      sync: () => run("sync", () => file.sync()),
      close: () => file.close(),
    });
    return {
      lock: () => files.lock(),
      list: () => files.list(),
      size: (name) => files.size(name),
      open: (name) => files.open(name),
      read: (name, range) => files.read(name, range),
      create: (name) => run("create", async () => written(await files.create(name))),
      reopen: (name) => run("reopen", async () => written(await files.reopen(name))),
      rename: (from, to) => run("renameFile", () => files.rename(from, to)),
      remove: (name) => run("removeFile", () => files.remove(name)),
      syncFolder: () => run("syncFolder", () => files.syncFolder()),
      pause: () => files.pause(),
      close: () => files.close(),
    };
  }

  async #run<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#before(name);
    if (this.calls >= this.#max) throw new CutOff(name);
    this.calls += 1;
    return await work();
  }
}

const never = new AbortController().signal;
/** A folder in memory, if the system has one: only the order of the calls counts here. */
const MEMORY = "/dev/shm";

async function withFolder(
  work: (folder: string) => Promise<void>,
  dir = realDisk.isThere(MEMORY) ? MEMORY : undefined,
): Promise<void> {
  const folder = await Deno.makeTempDir(dir === undefined ? {} : { dir });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function recoverOn(data: string, disk: RecoveryDisk, signal = never) {
  const finished = await finish(data, disk);
  if (finished !== null) return finished;
  const old = await openOld(data, disk);
  try {
    return await recover(data, old, { disk, signal });
  } finally {
    await old.files.close();
  }
}

/** A folder of a node that has served, with tables. */
async function madeFolder(data: string): Promise<void> {
  const node = await startNode({ data, hasIds: true, tickMs: 5, logBytesMax: 1_000 });
  const store = storeOf([node]);
  for (let at = 0; at < 20; at++) {
    const { outcome } = await store.put(`k${at}`, new Uint8Array(200), { timeoutMs: 5_000 });
    assertEquals(outcome, "yes");
  }
  await store.close();
  await node.stop();
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyTree(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** The numbers below a count: the last, the first, the last but one, and so on. */
function* fromBothEnds(count: number): Generator<number> {
  for (let at = 0; at < count; at++) yield at % 2 === 0 ? count - 1 - at / 2 : (at - 1) / 2;
}

async function clusterOf(folder: string): Promise<string> {
  assert(realDisk.isThere(folder), `${folder} is there`);
  return (await readFolder(new DenoFiles(folder), null))!.identity.clusterId;
}

/** Everything in the store of a node that starts with a folder. */
async function keysOf(data: string): Promise<number> {
  const node = await startNode({ data, hasIds: true, tickMs: 5, entry: { kind: "wait" } });
  const store = storeOf([node]);
  let keys = 0;
  for (let at = 0; at < 20; at++) {
    const read = await store.get(`k${at}`, { timeoutMs: 5_000 });
    if (read.outcome === "found") keys++;
  }
  await store.close();
  await node.stop();
  return keys;
}

Deno.test("a recovery that is cut off anywhere leaves the old folder whole, and the next one finishes it (I7, D9)", async () => {
  await withFolder(async (folder) => {
    await madeFolder(`${folder}/made`);
    const old = await clusterOf(`${folder}/made`);
    const counted = new CountedDisk();
    await copyTree(`${folder}/made`, `${folder}/whole`);
    const { clusterId } = await recoverOn(`${folder}/whole`, counted);
    assertEquals(await clusterOf(`${folder}/whole`), clusterId);
    assertNotEquals(clusterId, old);
    const states = { old: 0, between: 0 };
    for (const max of fromBothEnds(counted.calls)) {
      const data = `${folder}/cut${max}/data`;
      await Deno.mkdir(`${folder}/cut${max}`);
      await copyTree(`${folder}/made`, data);
      await assertRejects(() => recoverOn(data, new CountedDisk(max)));
      if (isCutOff(data, realDisk)) {
        states.between++;
        const start = () => startNode({ data, hasIds: true });
        const { message } = await assertRejects(start, CommandError);
        assertStringIncludes(message, `Run "kontiki recover --data ${data}" again`);
        assert(!realDisk.isThere(data), "the refused start leaves no empty folder");
      } else {
        states.old++;
        assertEquals(await clusterOf(data), old, `after ${max} calls`);
        if (max % 20 === 0) assertEquals(await keysOf(data), 20);
      }
      const next = await recoverOn(data, realDisk).catch((error) => String(error));
      assert(typeof next !== "string", `a second recovery after ${max} calls: ${next}`);
      assertEquals(await clusterOf(data), next.clusterId);
      assertEquals(await clusterOf(next.kept), old);
      assert(!realDisk.isThere(`${data}.recovering`));
      if (max % 20 === 0 || max === counted.calls - 1) assertEquals(await keysOf(data), 20);
      await Deno.remove(`${folder}/cut${max}`, { recursive: true });
    }
    console.log(`${counted.calls} calls: ${JSON.stringify(states)}`);
    assert(states.old > 20 && states.between > 0, JSON.stringify(states));
  });
});

Deno.test("a recovery that is interrupted while it copies leaves nothing but the old folder", async () => {
  await withFolder(async (folder) => {
    const data = `${folder}/data`;
    await madeFolder(data);
    const old = await clusterOf(data);
    const interrupt = new AbortController();
    const reason = new CommandError("interrupted", "Interrupted.");
    const disk = new CountedDisk(Infinity, (call) => {
      if (call === "makeFolder") interrupt.abort(reason);
    });
    const error = await assertRejects(() => recoverOn(data, disk, interrupt.signal));
    assertEquals(error, reason);
    assertEquals(await clusterOf(data), old);
    assertEquals(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), ["data"]);
  });
});

Deno.test("a recovery that is interrupted after the first rename is finished", async () => {
  await withFolder(async (folder) => {
    const data = `${folder}/data`;
    await madeFolder(data);
    const interrupt = new AbortController();
    const disk = new CountedDisk(Infinity, (call) => {
      if (call === "rename") interrupt.abort(new Error("interrupted"));
    });
    const { clusterId } = await recoverOn(data, disk, interrupt.signal);
    assertEquals(await clusterOf(data), clusterId);
  });
});

Deno.test("a recovery that is interrupted by a signal leaves the old folder as it was", async () => {
  // Another process may not use the folder in memory: the runtime refuses paths below /dev.
  await withFolder(async (folder) => {
    const data = `${folder}/data`;
    await madeFolder(data);
    const cluster = await clusterOf(data);
    // Files to copy for long enough: a node removes them at its next start, for no manifest names them.
    for (let at = 0; at < 6_000; at++) {
      await Deno.writeFile(`${data}/tables/${at}`.padEnd(40, "0"), new Uint8Array(0));
    }
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const child = startCommand(["recover", "--data", data]);
      await firstLine(child.stdout);
      child.kill(signal);
      const { code, error } = await endOf(child);
      assertEquals(code, exitCodes.interrupted, error);
      assertEquals(await clusterOf(data), cluster);
      assertEquals(realDisk.isThere(`${data}.recovering`), false, "the copy is removed");
    }
    const { clusterId } = await recoverOn(data, realDisk);
    assertNotEquals(clusterId, cluster);
    assertEquals(await keysOf(data), 20);
  }, Deno.env.get("TMPDIR") ?? "/tmp");
});
