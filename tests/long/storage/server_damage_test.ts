/**
 * One server with all of its files, the log, the tables and their manifest, on two disks that fail,
 * lose what was not synced, or are damaged behind its back. What it acknowledged is there after a
 * restart, or the start is refused (D1, D3, D4, S9, T1, T6).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Batch, encodeRequest, KvStore, TableImages } from "../../../kv/mod.ts";
import {
  FileStorage,
  Node,
  Rsm,
  StorageError,
  storageErrorOf,
  submit,
  SystemClock,
} from "../../../raft/mod.ts";
import { until } from "../../helpers/until.ts";
import { IDENTITY } from "../../storage/file_storage_home.ts";
import { SeededRandom } from "../../sim/seeded_random.ts";
import { DiskError, type DiskImage, type DiskOperation, SimDisk } from "../../sim/sim_disk.ts";

/** Every so many operations and bytes: `deno test -A tests/long/storage -- 1` takes all of them. */
const STEP = Number(Deno.args[0] ?? 9);
const PUTS = 120;
const TABLES = { memoryBytes: 4000, tableBytes: 3000, level0Tables: 2, level1Bytes: 8000 };

/** The files of one server. */
interface Disks {
  readonly log: SimDisk;
  readonly tables: SimDisk;
}

interface Images {
  readonly log: DiskImage;
  readonly tables: DiskImage;
}

/** Time stands still for slices of work, so that none rests. */
class SliceClock extends SystemClock {
  override now(): number {
    return 0;
  }
}

/** A server that is alone in its cluster. */
class Server {
  readonly store: KvStore;
  readonly images: TableImages;
  readonly rsm: Rsm;
  readonly #disks: Disks;
  node: Node | null = null;
  failure: StorageError | null = null;

  constructor(disks: Disks) {
    this.#disks = disks;
    const clock = new SystemClock();
    const files = disks.tables.open();
    this.images = new TableImages({ ...TABLES, files, clock: new SliceClock() });
    this.store = new KvStore(undefined, undefined, this.images.state);
    this.rsm = new Rsm({
      machine: this.store,
      logBytesMax: 6000,
      clock,
      random: () => 0.5,
      images: this.images,
    });
  }

  /** Throws what keeps it from starting. */
  async start(): Promise<this> {
    const { incarnation } = IDENTITY;
    const storage = new FileStorage({
      ...{ files: this.#disks.log.open(), identity: IDENTITY },
      ...{ segmentBytesMax: 4000, recordBytesMax: 1000 },
    });
    this.node = await Node.start({
      ...{ id: IDENTITY.node, peers: [IDENTITY.node], incarnation },
      ...{ electionTicks: 2, heartbeatTicks: 1, tickMs: 1, trailingBytes: 0 },
      storage,
      transport: { send: () => {}, waiting: () => 0 },
      clock: new SystemClock(),
      random: () => 0,
      application: this.rsm,
      failed: (error) => void (this.failure = storageErrorOf(error)),
    });
    this.rsm.attach(this.node);
    return this;
  }

  /** Waits until it leads and has applied all of its log, or has ended. */
  async lead(): Promise<void> {
    await until(() => {
      if (this.failure !== null) return true;
      const { role, applied, last } = this.node!.status();
      return role === "leader" && applied === last.index;
    });
  }

  /** True: it is acknowledged. */
  async put(place: number): Promise<boolean> {
    const put = { op: "put" as const, key: keyOf(place), value: valueOf(place) };
    const batch: Batch = { checks: [], then: [put], otherwise: [], at: 0 };
    const done = submit(this.rsm, encodeRequest({ type: "batch", batch }));
    const outcome = await Promise.race([done, until(() => this.failure !== null).then(() => null)]);
    return outcome?.kind === "done";
  }

  /** The places of the puts that can be read, by key. */
  found(): Map<string, string> {
    const { state } = this.images;
    const at = state.position.index;
    const entries = [...state.scan({ from: "", to: null, at })];
    return new Map(
      entries.filter(({ key, value }) => key.includes("key") && value !== null)
        .map(({ key, value }) => [key.slice(key.indexOf("key")), text(value!)]),
    );
  }

  async stop(): Promise<void> {
    this.rsm.stop();
    await this.node?.stop();
  }
}

function keyOf(place: number): string {
  return `key ${String(new SeededRandom(place).below(40)).padStart(2, "0")}`;
}

function valueOf(place: number): Uint8Array {
  return new TextEncoder().encode(`${place} ${"v".repeat(60)}`);
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value).split(" ")[0]!;
}

/** What was acknowledged of each key last, and what may have been written since. */
class Acknowledged {
  readonly #last = new Map<string, string>();
  readonly #perhaps = new Map<string, Set<string>>();

  add(place: number, isSure: boolean): void {
    const key = keyOf(place);
    if (isSure) {
      this.#last.set(key, `${place}`);
      this.#perhaps.delete(key);
    } else this.#perhaps.set(key, (this.#perhaps.get(key) ?? new Set()).add(`${place}`));
  }

  check(found: ReadonlyMap<string, string>, what: string): void {
    for (const key of new Set([...this.#last.keys(), ...found.keys()])) {
      const [value, last] = [found.get(key), this.#last.get(key)];
      const isPossible = value === last ||
        value !== undefined && this.#perhaps.get(key)?.has(value);
      assert(isPossible, `${what}: wanted ${last} of ${key}, found ${value}`);
    }
  }
}

/** A life with all puts; `fault` says which operation fails. */
async function live(
  fault: (number: number, operation: DiskOperation) => DiskError | null = () => null,
  written: (disks: Disks) => void = () => {},
): Promise<{ readonly disks: Disks; readonly acknowledged: Acknowledged }> {
  let operations = 0;
  const options = {
    fault: (operation: DiskOperation) =>
      operation.kind === "pause" ? null : fault(operations++, operation),
  };
  const disks = { log: new SimDisk(new Map(), options), tables: new SimDisk(new Map(), options) };
  const acknowledged = new Acknowledged();
  const server = new Server(disks);
  try {
    await server.start();
    await server.lead();
    for (let place = 1; place <= PUTS && server.failure === null; place++) {
      acknowledged.add(place, await server.put(place));
      written(disks);
    }
    await server.stop();
  } catch (error) {
    if (!(storageErrorOf(error) instanceof StorageError)) throw error;
    await server.stop().catch((again) => assert(storageErrorOf(again) instanceof StorageError));
  }
  return { disks, acknowledged };
}

/** Starts from files as they are; returns why that is refused, or checks what can be read. */
async function verdictOn(
  { log, tables }: Images,
  acknowledged: Acknowledged,
  what: string,
): Promise<StorageError | null> {
  const server = new Server({ log: new SimDisk(log), tables: new SimDisk(tables) });
  try {
    await server.start();
    await server.lead();
    if (server.failure !== null) return server.failure;
    acknowledged.check(server.found(), what);
    return null;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw new Error(what, { cause: error });
  } finally {
    await server.stop().catch(() => null);
  }
}

Deno.test("a server finds what it acknowledged when any operation of its disks fails", async () => {
  const random = new SeededRandom(1);
  const counts = new Map<string, number>();
  for (const code of ["EIO", "ENOSPC"]) {
    for (let number = 0;; number += STEP) {
      let failed: DiskOperation | null = null;
      const { disks, acknowledged } = await live((each, operation) => {
        if (each !== number) return null;
        failed = operation;
        return new DiskError(code);
      });
      if (failed === null) break;
      const { kind, name } = failed as DiskOperation;
      counts.set(`${code} ${kind}`, (counts.get(`${code} ${kind}`) ?? 0) + 1);
      const cut = (disk: SimDisk): DiskImage => disk.imageAfterPowerCut(random.next);
      for (const isCut of [false, true]) {
        const what = `${code} at operation ${number}, ${kind} ${name}${isCut ? ", power cut" : ""}`;
        const images = isCut
          ? { log: cut(disks.log), tables: cut(disks.tables) }
          : { log: disks.log.image(), tables: disks.tables.image() };
        const verdict = await verdictOn(images, acknowledged, what);
        assertEquals(verdict?.message ?? null, null, what);
      }
    }
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const found = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  console.log(`a server on failing disks: ${total} operations, ${found}`);
  assert(total > 1000 / STEP, found);
});

Deno.test("a server serves nothing wrong when bytes of any of its files are changed or misplaced", async () => {
  const { disks, acknowledged } = await live();
  const images = { log: disks.log.image(), tables: disks.tables.image() };
  assertEquals(await verdictOn(images, acknowledged, "nothing is changed"), null);
  const random = new SeededRandom(2);
  const counts = { refused: 0, right: 0 };
  const check = async (
    part: keyof Images,
    { name, bytes, what }: {
      readonly name: string;
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly what: string;
    },
  ): Promise<void> => {
    const changed = { ...images, [part]: new Map(images[part]).set(name, bytes) };
    const verdict = await verdictOn(changed, acknowledged, what);
    if (verdict !== null) assertEquals(verdict.kind, "damaged", `${what}: ${verdict.message}`);
    counts[verdict === null ? "right" : "refused"]++;
  };
  for (const part of ["log", "tables"] as const) {
    for (const [name, bytes] of images[part]) {
      for (let at = random.below(STEP * 9); at < bytes.length; at += STEP * 9) {
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << random.below(8);
        await check(part, { name, bytes: flipped, what: `${name}, a bit of byte ${at}` });
      }
      for (let round = 0; round < 180 / STEP; round++) {
        const from = images[part].get(random.pick([...images[part].keys()]))!;
        const target = bytes.slice();
        const at = 512 * random.below(Math.ceil(target.length / 512));
        const source = 512 * random.below(Math.ceil(from.length / 512));
        target.set(from.subarray(source, source + Math.min(512, target.length - at)), at);
        if (target.every((byte, place) => byte === bytes[place])) continue;
        const what = `a sector in the place of byte ${at} of ${name}`;
        await check(part, { name, bytes: target, what });
      }
    }
  }
  console.log(`a server on damaged disks: ${counts.refused} refused, ${counts.right} right`);
  assert(counts.refused > 2000 / STEP, JSON.stringify(counts));
});

Deno.test("a server with tables of an earlier time finds all in its log, or is refused", async () => {
  const counts = { refused: 0, right: 0 };
  const earlier: DiskImage[] = [];
  const { disks, acknowledged } = await live(() => null, ({ tables }) => {
    earlier.push(tables.image());
  });
  for (const [place, tables] of earlier.entries()) {
    const images = { log: disks.log.image(), tables };
    const verdict = await verdictOn(images, acknowledged, `tables after put ${place}`);
    if (verdict !== null) assertEquals(verdict.kind, "damaged", verdict.message);
    counts[verdict === null ? "right" : "refused"]++;
  }
  console.log(
    `a server with tables of an earlier time: ${counts.refused} refused, ${counts.right} right`,
  );
  assert(counts.refused > 10 && counts.right > 0, JSON.stringify(counts));
});
