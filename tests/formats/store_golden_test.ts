/**
 * Golden bytes of the store: every operation, check and result, every request and reply, watches, and
 * the files and images of tables. Logs and folders of clusters hold them, so they are never changed;
 * what is new gets new lines.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Batch } from "../../kv/command/batch.ts";
import { decodeReply, encodeReply, type Reply } from "../../kv/command/reply.ts";
import { decodeRequest, encodeRequest, type Request } from "../../kv/command/request.ts";
import { decodeAged, decodeStale, encodeAged, encodeStale } from "../../kv/command/stale.ts";
import { BlockCache } from "../../kv/tables/files/block_cache.ts";
import type { Entry } from "../../kv/tables/files/entry.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../../kv/tables/files/manifest.ts";
import { Table } from "../../kv/tables/files/table.ts";
import { TableWriter } from "../../kv/tables/files/table_writer.ts";
import { chunksOf, decodeChunk, START } from "../../kv/tables/stream.ts";
import {
  decodeWatch,
  decodeWatchEnd,
  encodeWatch,
  encodeWatchEnd,
  type WatchEnd,
  type WatchQuery,
} from "../../kv/watch/watch_codec.ts";
import { encodeMark, PartReader, PartWriter } from "../../kv/watch/watch_parts.ts";
import { SAMPLES } from "../helpers/samples.ts";
import { SimDisk } from "../sim/sim_disk.ts";
import golden from "./store_golden.json" with { type: "json" };

const value = Uint8Array.of(0, 255, 7);
const none = { checks: [], then: [], otherwise: [], at: 0 };

/** A batch for each operation and check. */
function requests(): Map<string, Request> {
  const batch = (part: Partial<Batch>): Request => ({ type: "batch", batch: { ...none, ...part } });
  const found = new Map<string, Request>([
    ["get", { type: "get", key: "k" }],
    ["put", { type: "put", key: "k", value, version: 3 }],
    ["time", { type: "time" }],
    ["end", { type: "end" }],
    ["level", { type: "level", level: 4 }],
    ["read of a revision", batch({ then: [{ op: "get", key: "k" }], at: 12 })],
    ["numbered put", {
      type: "numbered",
      number: { born: 1, session: 2 ** 40, number: 3, answered: 2 },
      request: { type: "put", key: "k", value, version: 7 },
    }],
  ]);
  for (const [place, check] of SAMPLES.checks.entries()) {
    found.set(`check ${place}`, batch({ checks: [check], otherwise: [{ op: "get", key: "k" }] }));
  }
  const seen = new Map<string, number>();
  for (const operation of SAMPLES.operations) {
    const count = (seen.get(operation.op) ?? 0) + 1;
    seen.set(operation.op, count);
    found.set(`operation ${operation.op} ${count}`, batch({ then: [operation] }));
  }
  return found;
}

/** A reply of each type, and one for each result. */
function replies(): Map<string, Reply> {
  const all: readonly Reply[] = [
    { type: "value", value, version: 1 },
    { type: "stored" },
    { type: "noKey" },
    { type: "wrongVersion", version: 2 ** 40 },
    { type: "full" },
    { type: "wrongLeader", leader: 3 },
    { type: "unknown", leader: null },
    { type: "overloaded" },
    { type: "refused" },
    { type: "compacted", oldest: 5 },
    { type: "future", newest: 5 },
    { type: "time", steady: 5 },
    { type: "sessionGone" },
    { type: "unsupported", reason: "no" },
    { type: "invalid", reason: "no" },
  ];
  const found = new Map(all.map((reply) => [`${reply.type}`, reply]));
  for (const [place, result] of SAMPLES.results.entries()) {
    const done = { held: true, revision: 9, failedChecks: [], results: [result] };
    found.set(`result ${result.op} ${place}`, { type: "batch", result: done });
  }
  const failed = { held: false, revision: 9, failedChecks: [0, 2], results: [] };
  return found.set("batch that failed", { type: "batch", result: failed });
}

const QUERIES: Readonly<Record<string, WatchQuery>> = {
  "from now": { ranges: [{ start: "", end: null }], from: null, previous: false, keysOnly: true },
  "with all": {
    ranges: [{ start: "a", end: "b" }, { start: "k", end: null }],
    ...{ from: 2 ** 40, previous: true, keysOnly: false, ends: true },
  },
};

const STALE = { maxAgeMs: 5000, request: encodeRequest({ type: "get", key: "k" }) };

const ENDS: readonly WatchEnd[] = [
  { type: "behind", revision: 7 },
  { type: "compacted", oldest: 7 },
  { type: "outdated" },
  { type: "overloaded" },
];

const first: Entry = {
  ...{ key: "k", revision: 4, version: 1, created: 4, lease: 0, expires: 0 },
  value,
};
const second: Entry = { ...first, revision: 7, version: 2, lease: 9, expires: 2 ** 41 };
const gone: Entry = { ...first, key: "l", revision: 8, value: null };
const ENTRIES = [second, first, gone];
const GROUP = {
  revision: 7,
  changes: [{ entry: second, previous: first }, {
    entry: { ...gone, revision: 7 },
    previous: null,
  }],
};
const SHOWN = { previous: true, keysOnly: false, ends: true };

const MANIFEST: Manifest = {
  applied: { index: 8, term: 2, times: { steady: 5, wall: 6 } },
  ...{ horizon: 4, deletions: 3, next: 5, members: null },
  marks: [{ revision: 4, bytes: 150, at: 5 }],
  levels: [[{ number: 4, checksum: 7 }], []],
};

const TABLE = "00000001.table";

/** The bytes of a table file with these entries, and its checksum. */
async function tableFile(): Promise<{ readonly bytes: Uint8Array; readonly checksum: number }> {
  const disk = new SimDisk();
  const writer = new TableWriter(disk.open(), TABLE);
  for (const entry of ENTRIES) writer.add(entry);
  const checksum = await writer.finish();
  return { bytes: disk.image().get(TABLE)!, checksum };
}

function imageChunk(): Uint8Array {
  const entries = [second, gone];
  const scan = () => entries[Symbol.iterator]();
  return [...chunksOf({ scan } as never, { at: 8, deletions: 3 })][0]!;
}

function watchPart(): Uint8Array {
  const writer = new PartWriter(SHOWN);
  writer.give([GROUP]);
  return writer.write(1e6);
}

/** What this program writes. */
async function today(): Promise<Readonly<Record<string, string>>> {
  const written = new Map<string, Uint8Array>();
  for (const [name, request] of requests()) written.set(`request ${name}`, encodeRequest(request));
  for (const [name, reply] of replies()) written.set(`reply ${name}`, encodeReply(reply));
  written.set("stale read", encodeStale(STALE));
  written.set("aged reply", encodeAged({ ageMs: 7, reply: Uint8Array.of(0) }));
  for (const [name, query] of Object.entries(QUERIES)) {
    written.set(`watch ${name}`, encodeWatch(query));
  }
  for (const end of ENDS) written.set(`watch end ${end.type}`, encodeWatchEnd(end));
  written.set("watch part", watchPart());
  written.set("watch mark", encodeMark(7));
  written.set("manifest", encodeManifest(MANIFEST));
  written.set("table file", (await tableFile()).bytes);
  written.set("image chunk", imageChunk());
  return Object.fromEntries([...written].map(([name, bytes]) => [name, hex(bytes)]));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const kept = golden as Readonly<Record<string, string>>;

function goldenBytes(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    (kept[name] ?? "").match(/../g) ?? [],
    (byte) => Number.parseInt(byte, 16),
  );
}

Deno.test("the store writes requests, replies, watches and tables as in the release that made the promise", async () => {
  assertEquals(await today(), kept);
});

Deno.test("golden requests and replies of the store are read", () => {
  for (const [name, request] of requests()) {
    assertEquals(decodeRequest(goldenBytes(`request ${name}`)), request, name);
  }
  for (const [name, reply] of replies()) {
    assertEquals(decodeReply(goldenBytes(`reply ${name}`)), reply, name);
  }
  assertEquals(decodeStale(goldenBytes("stale read")), STALE);
  assertEquals(decodeAged(goldenBytes("aged reply")), { ageMs: 7, reply: Uint8Array.of(0) });
});

Deno.test("golden watches are read", () => {
  for (const [name, query] of Object.entries(QUERIES)) {
    assertEquals(decodeWatch(goldenBytes(`watch ${name}`)), query, name);
  }
  for (const end of ENDS) {
    assertEquals(decodeWatchEnd(goldenBytes(`watch end ${end.type}`)), end, end.type);
  }
  const reader = new PartReader(SHOWN);
  const groups = reader.read(goldenBytes("watch part"));
  assertEquals(groups?.map(({ revision, changes }) => [revision, changes.length]), [[7, 2]]);
  assertEquals(groups?.[0]?.changes[0]?.value, value);
  assertEquals(reader.read(goldenBytes("watch mark")), [{ revision: 7, changes: [] }]);
});

Deno.test("golden files and images of tables are read", async () => {
  assertEquals(decodeManifest(goldenBytes("manifest")), MANIFEST);
  const { checksum } = await tableFile();
  const disk = new SimDisk(new Map([[TABLE, goldenBytes("table file")]]));
  const named = { number: 1, name: TABLE, checksum };
  const table = await Table.open(disk.open(), named, new BlockCache(1 << 20));
  assertEquals([...table.entries("")], ENTRIES);
  table.release();
  const chunk = decodeChunk(goldenBytes("image chunk"), START);
  assertEquals(typeof chunk === "string" ? chunk : chunk.entries, [second, gone]);
});
