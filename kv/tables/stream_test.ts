/**
 * Tests of the state as a stream: the same on all servers, resumable, and imported atomically.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { SystemClock } from "../../raft/mod.ts";
import { SimDisk } from "../../tests/sim/sim_disk.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";
import { MEMBERS } from "../../tests/helpers/log_entries.ts";
import type { Entry } from "./files/entry.ts";
import { chunksOf, type Cursor, decodeChunk, hashIn, type Moment, START } from "./stream.ts";
import { Tables } from "./tables.ts";

const WRITES = 3000;

/** The state at a revision, with all deletions from the other on. */
function moment(at: number, deletions = 0): Moment {
  return { at, deletions };
}

async function openTables(disk: SimDisk, memoryBytes = 200_000): Promise<Tables> {
  const small = { tableBytes: 50_000, level0Tables: 2, level1Bytes: 150_000 };
  const files = disk.open();
  const tables = new Tables({ files, clock: new SystemClock(), memoryBytes, ...small });
  await tables.load();
  return tables;
}

/** The same writes for everybody; how they lie in tables depends on the memory that each has. */
async function fill(tables: Tables): Promise<void> {
  const random = new SeededRandom(7);
  for (let revision = 1; revision <= WRITES; revision++) {
    const key = `k${Math.floor(random.next() * 1500)}`;
    const before = tables.get(key);
    const isDeletion = random.next() < 0.2 && before !== null && before.value !== null;
    const value = isDeletion
      ? null
      : new Uint8Array(Math.floor(random.next() * 400)).fill(revision);
    const created = before !== null && before.value !== null ? before.created : revision;
    tables.add({
      key,
      revision,
      version: (before?.version ?? 0) + 1,
      created,
      value,
      lease: 0,
      expires: 0,
    });
    tables.advance({ index: revision, term: 1, times: { steady: 0, wall: 0 } });
    while (tables.hasWork) await tables.work(revision);
  }
}

function stateOf(tables: Tables, at: number): Entry[] {
  return [...tables.scan({ from: "", to: null, at, deletions: 0 })];
}

Deno.test("servers with differently arranged tables produce the same chunks", async () => {
  const [one, other] = [await openTables(new SimDisk()), await openTables(new SimDisk(), 30_000)];
  await fill(one);
  await fill(other);
  assertNotEquals(one.status().tables, other.status().tables);
  for (const at of [WRITES, 1234]) {
    const chunks = [...chunksOf(one, moment(at))];
    assert(chunks.length > 1);
    assertEquals([...chunksOf(other, moment(at))], chunks);
  }
});

Deno.test("a stream continues after any chunk from another server", async () => {
  const [one, other] = [await openTables(new SimDisk()), await openTables(new SimDisk(), 30_000)];
  await fill(one);
  await fill(other);
  const chunks = [...chunksOf(one, moment(2000))];
  let cursor: Cursor = START;
  for (const [place, bytes] of chunks.entries()) {
    assertEquals([...chunksOf(other, moment(2000), cursor)], chunks.slice(place));
    const chunk = decodeChunk(bytes, cursor);
    assert(typeof chunk !== "string", String(chunk));
    assertEquals([chunk.moment.at, chunk.isLast], [2000, place === chunks.length - 1]);
    cursor = chunk.next;
  }
});

Deno.test("a stream contains the deletions that are remembered, and no others", async () => {
  const tables = await openTables(new SimDisk());
  await fill(tables);
  const deletionsIn = (deletions: number): number[] =>
    [...chunksOf(tables, moment(WRITES, deletions))].flatMap((bytes, place, all) => {
      const hash = place === 0 ? START.hash : hashIn(all[place - 1]!);
      const chunk = decodeChunk(bytes, { from: "", hash });
      assert(typeof chunk !== "string", String(chunk));
      return chunk.entries.filter(({ value }) => value === null).map(({ revision }) => revision);
    });
  assert(deletionsIn(0).some((revision) => revision < 2000));
  const late = deletionsIn(2000);
  assertEquals(late, deletionsIn(0).filter((revision) => revision >= 2000));
  assert(late.length > 0);
});

Deno.test("states that differ in one byte, version or revision have different hashes", async () => {
  const hash = async (change: Partial<Entry>): Promise<string> => {
    const tables = await openTables(new SimDisk());
    const entry = {
      key: "k",
      revision: 5,
      version: 2,
      created: 3,
      value: Uint8Array.of(1),
      lease: 0,
      expires: 0,
    };
    tables.add({ ...entry, ...change });
    return hashIn([...chunksOf(tables, moment(9))].at(-1)!);
  };
  const changes: Partial<Entry>[] = [
    { key: "l" },
    { revision: 6 },
    { version: 3 },
    { created: 2 },
    { lease: 1 },
    { expires: 1 },
  ];
  changes.push({ value: Uint8Array.of(2) }, { value: new Uint8Array(0) }, { value: null }, {});
  const hashes = await Promise.all(changes.map(hash));
  assertEquals(new Set(hashes).size, changes.length);
  assertEquals(await hash({}), hashes.at(-1));
});

Deno.test("a chunk is refused whose hash is right and whose entries cannot be (X7)", () => {
  const entry = (key: string, revision: number): Entry => ({
    ...{ key, revision, version: 1, created: revision, lease: 0, expires: 0 },
    value: Uint8Array.of(1),
  });
  /** The only chunk of a server that holds these entries, in this order. */
  const chunkOf = (entries: readonly Entry[]): Uint8Array => {
    const tables = {
      *scan() {
        yield* entries;
      },
    };
    return [...chunksOf(tables, moment(9))][0]!;
  };
  const problem = (entries: readonly Entry[]) => {
    const chunk = decodeChunk(chunkOf(entries), START);
    return typeof chunk === "string" ? chunk : null;
  };
  assertEquals(problem([entry("a", 1), entry("b", 9)]), null);
  const wanted = [
    [
      [entry("b", 1), entry("a", 2)],
      'from "b\\u0000" on of revision 1 to 9, got "a" of revision 2',
    ],
    [
      [entry("a", 1), entry("a", 2)],
      'from "a\\u0000" on of revision 1 to 9, got "a" of revision 2',
    ],
    [[entry("a", 10)], 'from "" on of revision 1 to 9, got "a" of revision 10'],
    [[entry("a", 0)], 'from "" on of revision 1 to 9, got "a" of revision 0'],
  ] as const;
  for (const [entries, text] of wanted) assertEquals(problem(entries), `wanted a key ${text}`);
});

Deno.test("an import serves the old state until it replaces it", async () => {
  const source = await openTables(new SimDisk());
  await fill(source);
  const disk = new SimDisk();
  const target = await openTables(disk);
  target.add({
    key: "old",
    revision: 1,
    version: 1,
    created: 1,
    value: new Uint8Array(3),
    lease: 0,
    expires: 0,
  });
  target.advance({ index: 1, term: 1, times: { steady: 0, wall: 0 } });
  await target.flush(1);
  target.add({
    key: "k1",
    revision: 2,
    version: 9,
    created: 2,
    value: new Uint8Array(3),
    lease: 0,
    expires: 0,
  });
  target.advance({ index: 2, term: 1, times: { steady: 0, wall: 0 } });
  const arriving = target.import();
  for (const chunk of chunksOf(source, moment(WRITES))) {
    assertEquals(arriving.isComplete, false);
    assertEquals(target.get("old")?.version, 1);
    assertEquals(await arriving.add(chunk), null);
  }
  await target.replace(arriving, {
    last: { index: WRITES, term: 1, times: { steady: 0, wall: 0 } },
    members: MEMBERS,
  });
  assertEquals(stateOf(target, WRITES), stateOf(source, WRITES));
  assertEquals([target.applied.index, target.oldest, target.get("old")], [WRITES, WRITES, null]);
  assertEquals([...chunksOf(target, moment(WRITES))], [...chunksOf(source, moment(WRITES))]);
  target.close();
  disk.cutPowerHard();
  const again = await openTables(disk);
  assertEquals(stateOf(again, WRITES), stateOf(source, WRITES));
});

Deno.test("an import refuses a chunk out of order, and continues with the right one", async () => {
  const source = await openTables(new SimDisk());
  await fill(source);
  const target = await openTables(new SimDisk());
  const arriving = target.import();
  const chunks = [...chunksOf(source, moment(WRITES))];
  const other = [...chunksOf(source, moment(2000))];
  assert((await arriving.add(chunks[1]!))?.startsWith("wanted the hash"));
  assertEquals(await arriving.add(chunks[0]!), null);
  assert((await arriving.add(chunks[0]!))?.startsWith("wanted the hash"));
  assert((await arriving.add(other[1]!))?.startsWith("wanted the hash"));
  for (let bit = 0; bit < 400; bit++) {
    const changed = chunks[1]!.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert(await arriving.add(changed) !== null, `bit ${bit}`);
  }
  assert((await arriving.add(chunks[1]!.subarray(0, 9)))?.startsWith("wanted a chunk of format"));
  for (const chunk of chunks.slice(1)) assertEquals(await arriving.add(chunk), null);
  assertEquals(await arriving.add(chunks.at(-1)!), "wanted no chunk behind the last one");
  assertEquals(arriving.moment, moment(WRITES));
});

Deno.test("the files of an abandoned import are removed", async () => {
  const source = await openTables(new SimDisk());
  await fill(source);
  const disk = new SimDisk();
  const target = await openTables(disk);
  const arriving = target.import();
  for (const chunk of [...chunksOf(source, moment(WRITES))].slice(0, -1)) await arriving.add(chunk);
  assert(disk.image().size > 0);
  await arriving.abandon();
  assertEquals([...disk.image().keys()], []);
});
