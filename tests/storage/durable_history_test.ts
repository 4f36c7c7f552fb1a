/**
 * Tests of a history that outlives the process: the store on tables, stopped, killed and started again,
 * against a plain map of every revision.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { SeededRandom } from "../sim/seeded_random.ts";
import { SimDisk } from "../sim/sim_disk.ts";
import { SystemClock } from "../../raft/mod.ts";
import { decodeReply, encodeRequest } from "../../kv/command/mod.ts";
import { Tables } from "../../kv/tables/mod.ts";
import { type HistoryLimits, KvStore } from "../../kv/store/mod.ts";

const SMALL = { memoryBytes: 6000, tableBytes: 3000, level0Tables: 2, level1Bytes: 12_000 };
const KEYS = 40;

/** The values of all keys, after every revision. */
type Model = ReadonlyMap<string, string>[];

async function open(disk: SimDisk, limits: HistoryLimits) {
  const tables = new Tables({ files: disk.open(), clock: new SystemClock(), ...SMALL });
  const store = new KvStore(undefined, limits, tables);
  await tables.load();
  for (const _step of store.restore(new Uint8Array(0))) continue;
  return { tables, store };
}

/** Applies the entry of a revision, as the log has it. */
function apply(
  { tables, store }: Awaited<ReturnType<typeof open>>,
  { model, revision }: { readonly model: Model; readonly revision: number },
): void {
  const now = model[revision]!;
  const before = model[revision - 1]!;
  const times = { steady: 10 * revision, wall: 0 };
  const then = [...new Set([...now.keys(), ...before.keys()])].sort()
    .filter((key) => now.get(key) !== before.get(key))
    .map((key) => {
      const value = now.get(key);
      return value === undefined
        ? { op: "delete" as const, key }
        : { op: "put" as const, key, value: new TextEncoder().encode(value) };
    });
  const batch = { checks: [], then, otherwise: [], at: 0 };
  store.apply(encodeRequest({ type: "batch", batch }), { index: revision, ...times });
  tables.advance({ index: revision, term: 1, times });
}

/** All keys and values at a revision; the oldest revision that can be read otherwise. */
function read(store: KvStore, at: number): ReadonlyMap<string, string> | number {
  const op = {
    ...{ op: "range" as const, start: "", end: null, limit: 1000, reverse: false },
    show: "entries" as const,
  };
  const batch = { checks: [], then: [op], otherwise: [], at };
  const reply = decodeReply(store.query(encodeRequest({ type: "batch", batch })))!;
  if (reply.type === "compacted") return reply.oldest;
  assert(reply.type === "batch", reply.type);
  const [result] = reply.result.results;
  assert(result?.op === "range");
  const found = result.entries.map(({ key, value }) =>
    [key, new TextDecoder().decode(value!)] as const
  );
  return new Map(found);
}

function nextOf(model: Model, random: SeededRandom): ReadonlyMap<string, string> {
  const next = new Map(model.at(-1)!);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const key = `k${String(random.below(KEYS)).padStart(2, "0")}`;
    if (random.next() < 0.2) next.delete(key);
    else next.set(key, `${model.length} ${"v".repeat(random.below(60))}`);
  }
  return next;
}

/** Runs a store with clean stops and crashes; returns how often a revision before a start was read. */
async function run(seed: number, limits: HistoryLimits): Promise<number> {
  const random = new SeededRandom(seed);
  const disk = new SimDisk();
  const model: Model = [new Map()];
  let now = await open(disk, limits);
  let [started, reads] = [0, 0];
  for (let step = 0; step < 900; step++) {
    model.push(nextOf(model, random));
    apply(now, { model, revision: model.length - 1 });
    if (random.next() < 0.2) await now.tables.work(model.length - 1);
    if (random.next() < 0.1) {
      const { oldest } = now.tables;
      const at = random.next() < 0.3 ? oldest : oldest + random.below(model.length - oldest);
      assertEquals(read(now.store, at), model[at], `seed ${seed}, revision ${at} of ${step}`);
      if (at < started) reads++;
      if (oldest > 1) assertEquals(read(now.store, oldest - 1), oldest);
    }
    if (random.next() > 0.015) continue;
    if (random.next() < 0.5) await now.tables.flush(model.length - 1);
    const { oldest } = now.tables;
    now.tables.close();
    disk.cutPower(random.next);
    now = await open(disk, limits);
    started = now.tables.position.index;
    assert(now.tables.oldest <= Math.max(oldest, started), "nothing that was kept is lost");
    for (let revision = started + 1; revision < model.length; revision++) {
      apply(now, { model, revision });
    }
    started = model.length;
  }
  return reads;
}

Deno.test("reads at older revisions are answered from tables after any restart, or say how far back they reach", async () => {
  let reads = 0;
  for (let seed = 1; seed <= 12; seed++) {
    reads += await run(seed, [{ bytes: 20_000 }, { ms: 1000 }, { bytes: 1500 }][seed % 3]!);
  }
  assertGreater(reads, 100);
});

Deno.test("the bounds of the history hold over a restart: it neither ends with the first write nor grows", async () => {
  const disk = new SimDisk();
  const model: Model = [new Map()];
  const random = new SeededRandom(5);
  let now = await open(disk, { ms: 1000 });
  for (let round = 0; round < 6; round++) {
    for (let step = 0; step < 150; step++) {
      model.push(nextOf(model, random));
      apply(now, { model, revision: model.length - 1 });
      const back = model.length - 1 - now.tables.oldest;
      // A second of the log's time are a hundred revisions.
      if (model.length > 200) assert(back >= 95 && back <= 110, `${back} revisions are kept`);
    }
    await now.tables.flush(model.length - 1);
    now.tables.close();
    now = await open(disk, { ms: 1000 });
  }
});
