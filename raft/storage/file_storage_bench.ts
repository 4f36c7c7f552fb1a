/**
 * What the storage costs on this disk, beside a bare loop that writes and syncs the same bytes. Both
 * take turns, one save each, because a shared disk changes its mind by the second.
 *
 * The bare loop comes twice: with the sync on another thread, as the storage does it for more than
 * one small entry, and with the sync on this thread, which is quicker but holds the event loop.
 *
 * @module
 */

import { DenoFiles } from "./deno_files.ts";
import { FileStorage } from "./file_storage.ts";
import type { Entry, Save } from "../core/model/types.ts";
import { entryOf, MEMBERS, momentOf } from "../../tests/helpers/log_entries.ts";

const COMMAND_BYTES = 256;
const COMMAND = new Uint8Array(COMMAND_BYTES).map((_, i) => i * 37);
/** Every order of three ways: what one leaves to the next must not decide. */
const ORDERS = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]];
const identity = { cluster: "bench", node: 1 };
const folder = await Deno.makeTempDir({ prefix: "kontiki-bench-" });

function entriesFrom(from: number, count: number): Entry[] {
  const command = COMMAND;
  return Array.from({ length: count }, (_, i) => (entryOf(from + i, 1, command)));
}

function saveOf(change: Partial<Save>): Save {
  return { vote: null, snapshot: null, tail: null, ...change };
}

function storageIn(name: string): FileStorage {
  return new FileStorage({ files: new DenoFiles(`${folder}/${name}`), identity });
}

/** Times a second, by the mean of the middle half of the times: others use this machine too. */
function middleRate(sortedTimes: readonly number[]): number {
  const middle = sortedTimes.slice(sortedTimes.length / 4, 3 * sortedTimes.length / 4);
  return middle.length / middle.reduce((sum, time) => sum + time, 0);
}

/** Seconds that an action takes. */
async function timed(action: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await action();
  return (performance.now() - begin) / 1000;
}

function print(name: string, columns: readonly string[]): void {
  console.log(name.padEnd(34) + columns.map((column) => column.padStart(17)).join(""));
}

async function benchAppends(count: number): Promise<void> {
  const storage = storageIn(`append-${count}`);
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  const recordBytes = 32 + Math.ceil(count * (12 + COMMAND_BYTES) / 8) * 8;
  const bytes = new Uint8Array(recordBytes).fill(7);
  const files = [1, 2].map((i) => `${folder}/bare-${count}-${i}`);
  const [other, inline] = files.map((path) => Deno.openSync(path, { create: true, write: true }));
  let next = saveOf({ tail: { from: 1, entries: entriesFrom(1, count) } });
  const ways: (() => Promise<void>)[] = [
    () => storage.save(next),
    async () => {
      other!.writeSync(bytes);
      await other!.syncData();
    },
    () => {
      inline!.writeSync(bytes);
      inline!.syncDataSync();
      return Promise.resolve();
    },
  ];
  const times: number[][] = [[], [], []];
  const rounds = count > 100 ? 400 : 1000;
  for (let round = 0; round < rounds; round++) {
    for (const i of ORDERS[round % ORDERS.length]!) times[i]!.push(await timed(ways[i]!));
    const from = 1 + (round + 1) * count;
    next = saveOf({ tail: { from, entries: entriesFrom(from, count) } });
  }
  await storage.close();
  other!.close();
  inline!.close();
  for (const some of times) some.sort((a, b) => a - b);
  const [ours, bare, bareInline] = times.map(middleRate) as [number, number, number];
  const ms = (share: number): string => (1000 * times[0]![Math.floor(share * rounds)]!).toFixed(2);
  print(`append ${count} x ${COMMAND_BYTES} B, sync`, [
    `${Math.round(ours)}/s`,
    `${(ours * recordBytes / 1e6).toFixed(1)} MB/s`,
    `${ms(0.5)} / ${ms(0.99)} ms`,
    `${(100 * ours / bare).toFixed(0)} % of ${Math.round(bare)}`,
    `${(100 * ours / bareInline).toFixed(0)} % of ${Math.round(bareInline)}`,
  ]);
}

async function benchOpening(count: number): Promise<void> {
  const storage = storageIn("opening");
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  const step = 4096;
  const writing = await timed(async () => {
    for (let from = 1; from <= count; from += step) {
      const entries = entriesFrom(from, Math.min(step, count - from + 1));
      await storage.save(saveOf({ tail: { from, entries } }));
    }
  });
  const bytes = storage.sizes().segmentBytes;
  await storage.close();
  const again = storageIn("opening");
  let longestMs = 0;
  let turn = performance.now();
  const ticker = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - turn);
    turn = performance.now();
  }, 1);
  let found = 0;
  const reading = await timed(async () => {
    found = (await again.load()).entries.length;
  });
  clearInterval(ticker);
  await again.close();
  if (found !== count) throw new Error(`Cannot bench: wanted ${count} entries, got ${found}`);
  const mega = `${(bytes / 1e6).toFixed(0)} MB`;
  print(`log of ${count} entries, ${mega}`, [
    `write ${writing.toFixed(2)} s`,
    `open ${reading.toFixed(2)} s`,
    `${(bytes / 1e6 / reading).toFixed(0)} MB/s`,
    `longest turn`,
    `${longestMs.toFixed(0)} ms`,
  ]);
}

async function benchSnapshot(keys: number): Promise<void> {
  const data = new Uint8Array(keys * (8 + COMMAND_BYTES)).fill(9);
  const storage = storageIn("snapshot");
  await storage.load();
  await storage.save(saveOf({ vote: { term: 1, votedFor: 1 } }));
  const snapshot = { last: momentOf(keys, 1), members: MEMBERS, data };
  const writing = await timed(() => storage.save(saveOf({ snapshot })));
  await storage.close();
  const again = storageIn("snapshot");
  let found = 0;
  const reading = await timed(async () => {
    found = (await again.load()).snapshot?.data.length ?? 0;
  });
  await again.close();
  if (found !== data.length) throw new Error(`Cannot bench: the image has ${found} bytes`);
  print(`snapshot of ${keys} keys, ${(found / 1e6).toFixed(0)} MB`, [
    `write ${writing.toFixed(2)} s`,
    `read ${reading.toFixed(2)} s`,
    `${(found / 1e6 / writing).toFixed(0)} MB/s`,
    `${(found / 1e6 / reading).toFixed(0)} MB/s`,
  ]);
}

try {
  print("storage", ["rate", "bytes", "p50 / p99", "of bare, async", "of bare, blocking"]);
  for (const count of [1, 16, 256]) await benchAppends(count);
  await benchOpening(1_000_000);
  await benchSnapshot(1_000_000);
} finally {
  await Deno.remove(folder, { recursive: true });
}
