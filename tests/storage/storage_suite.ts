/**
 * Tests of the contract of {@linkcode Storage}, run by each implementation with
 * `storageSuite("name", create)`.
 *
 * @module
 */

import { assertEquals, AssertionError } from "@std/assert";
import {
  applySave,
  Configuration,
  EMPTY,
  type Entry,
  type Persistent,
  type Random,
  type Save,
  type Snapshot,
  type Storage,
  type Term,
  type Times,
} from "../../raft/mod.ts";
import { lastOf } from "../../raft/core/mod.ts";
import { SeededRandom } from "../sim/mod.ts";

/** The members in every snapshot here. */
const MEMBERS = Configuration.of([1, 2, 3]).members;

/** A place with state that outlives a storage. */
export interface StorageHome {
  /** Opens the storage, for the first time or again after a close. */
  open(): Promise<Storage>;
  /** Removes the state. */
  remove(): Promise<void>;
}

/** A save that changes only the given fields. */
export function saveOf(change: Partial<Save>): Save {
  return { vote: null, snapshot: null, tail: null, ...change };
}

/** Entries from index `from`, of one term, with different commands. */
export function entriesOf(from: number, count: number, term: Term): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    index: from + i,
    term,
    times: timesAt(from + i),
    kind: "command",
    data: new TextEncoder().encode(`command ${from + i} of term ${term}`),
  }));
}

/** The no-op that opens a term. */
export function noopOf(index: number, term: Term): Entry {
  return { index, term, times: timesAt(index), kind: "noop", data: new Uint8Array() };
}

/** Most neighbours share their times, as in a log under load. */
function timesAt(index: number): Times {
  const number = Math.floor(index / 50);
  return TIMES[number] ??= { steady: 7 * number, wall: 2 ** 41 + number };
}

const TIMES: Times[] = [];

/** A snapshot whose image contains its position. */
export function snapshotOf(index: number, term: Term, bytes = 40): Snapshot {
  const data = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) data[i] = index + term * 7 + i;
  return { last: { index, term, times: timesAt(index) }, members: MEMBERS, data };
}

interface Case {
  readonly name: string;
  readonly saves: readonly Partial<Save>[];
}

const append = (from: number, count: number, term: Term): Partial<Save> => ({
  tail: { from, entries: entriesOf(from, count, term) },
});

const CASES: readonly Case[] = [
  { name: "is empty when nothing was saved", saves: [] },
  { name: "changes nothing when the save names nothing", saves: [append(1, 2, 1), {}] },
  {
    name: "keeps term and vote when they change alone",
    saves: [{ vote: { term: 1, votedFor: null } }, { vote: { term: 1, votedFor: 3 } }],
  },
  {
    name: "forgets the vote when the term rises",
    saves: [{ vote: { term: 1, votedFor: 3 } }, { vote: { term: 2, votedFor: null } }],
  },
  {
    name: "keeps entries when they come in several saves",
    saves: [append(1, 1, 1), append(2, 5, 1), append(7, 2, 3)],
  },
  {
    name: "replaces the tail when a later save conflicts",
    saves: [append(1, 9, 1), append(4, 2, 2), append(6, 1, 2)],
  },
  {
    name: "shortens the log when the tail holds no entries",
    saves: [append(1, 9, 1), { tail: { from: 5, entries: [] } }, append(5, 1, 4)],
  },
  {
    name: "keeps vote and entries when they come in one save",
    saves: [{ vote: { term: 4, votedFor: 1 }, ...append(1, 3, 4) }],
  },
  {
    name: "tells a no-op from an empty command",
    saves: [{
      tail: {
        from: 1,
        entries: [
          noopOf(1, 1),
          { ...noopOf(2, 1), kind: "command" },
        ],
      },
    }],
  },
  {
    name: "keeps a command of a megabyte when it lies between small ones",
    saves: [append(1, 1, 1), {
      tail: {
        from: 2,
        entries: [{ ...entriesOf(2, 1, 1)[0]!, data: snapshotOf(2, 1, 1 << 20).data }],
      },
    }, append(3, 1, 1)],
  },
  {
    name: "keeps the entries beyond a snapshot",
    saves: [append(1, 9, 1), { snapshot: snapshotOf(4, 1) }, append(10, 2, 2)],
  },
  {
    name: "starts behind the snapshot when it covers the whole log",
    saves: [append(1, 3, 1), { snapshot: snapshotOf(3, 1) }, append(4, 2, 2)],
  },
  {
    name: "starts behind the snapshot when it lies beyond the log",
    saves: [
      append(1, 3, 1),
      { snapshot: snapshotOf(20, 2), tail: { from: 21, entries: [] } },
      append(21, 2, 2),
    ],
  },
  {
    name: "starts behind a first snapshot when there was no log",
    saves: [{ snapshot: snapshotOf(20, 2) }, append(21, 2, 2)],
  },
  {
    name: "drops the log when its entry at the snapshot has another term",
    saves: [
      append(1, 9, 1),
      { snapshot: snapshotOf(4, 2), tail: { from: 5, entries: [] } },
      append(5, 2, 2),
    ],
  },
  {
    name: "replaces the log when snapshot and other entries come in one save",
    saves: [
      append(1, 9, 1),
      { vote: { term: 3, votedFor: null }, snapshot: snapshotOf(4, 2), ...append(5, 2, 3) },
    ],
  },
  {
    name: "keeps the newest of several snapshots",
    saves: [
      append(1, 9, 1),
      { snapshot: snapshotOf(2, 1) },
      { snapshot: snapshotOf(3, 1) },
      { snapshot: snapshotOf(9, 1) },
    ],
  },
  {
    name: "keeps a snapshot without data",
    saves: [append(1, 2, 1), { snapshot: snapshotOf(2, 1, 0) }],
  },
  {
    name: "keeps a snapshot of some megabytes",
    saves: [append(1, 2, 1), { snapshot: snapshotOf(1, 1, 3_000_001) }],
  },
];

/** Registers the tests of the contract for one implementation. */
export function storageSuite(
  name: string,
  create: () => Promise<StorageHome>,
  options: { readonly seeds: number } = { seeds: 20 },
): void {
  for (const { name: condition, saves } of CASES) {
    Deno.test(`${name} ${condition}`, async () => {
      await checkSaves(create, inTerm(saves.map(saveOf)));
    });
  }
  Deno.test(`${name} forgets a prepared snapshot when no save follows`, async () => {
    const home = await create();
    const first = await home.open();
    await first.load();
    const saves = inTerm([saveOf(append(1, 3, 1))]);
    for (const save of saves) await first.save(save);
    await first.prepare(snapshotOf(2, 1));
    await first.close();
    const second = await home.open();
    assertSame(await loaded(second), saves.reduce(applySave, EMPTY));
    await second.close();
    await home.remove();
  });
  Deno.test(`${name} waits for a prepared snapshot when its save comes early`, async () => {
    const home = await create();
    const first = await home.open();
    await first.load();
    const snapshot = snapshotOf(2, 1, 2_500_000);
    const saves = inTerm([saveOf(append(1, 3, 1)), saveOf({ snapshot })]);
    for (const save of saves.slice(0, -1)) await first.save(save);
    const preparing = first.prepare(snapshot);
    await first.save(saves.at(-1)!);
    await preparing;
    await first.close();
    const second = await home.open();
    assertSame(await loaded(second), saves.reduce(applySave, EMPTY));
    await second.close();
    await home.remove();
  });
  Deno.test(`${name} agrees with the reference when saves are random`, async () => {
    for (let seed = 1; seed <= options.seeds; seed++) {
      await checkSaves(create, randomSaves(new SeededRandom(seed).next, 30), seed);
    }
  });
}

/** The saves, each after one that raises the term as its entries and snapshot require. */
function inTerm(saves: readonly Save[]): Save[] {
  let term = 0;
  return saves.flatMap((save) => {
    const { vote, snapshot, tail } = save;
    const needed = Math.max(snapshot?.last.term ?? 0, tail?.entries.at(-1)?.term ?? 0);
    const raise = vote === null && needed > term
      ? [saveOf({ vote: { term: needed, votedFor: null } })]
      : [];
    term = Math.max(term, needed, vote?.term ?? 0);
    return [...raise, save];
  });
}

/** Runs the saves without a restart, and with one after each; compares with the reference. */
async function checkSaves(
  create: () => Promise<StorageHome>,
  saves: readonly Save[],
  seed?: number,
): Promise<void> {
  for (const reopens of [false, true]) {
    const home = await create();
    let storage = await home.open();
    let expected = EMPTY;
    assertEquals(await storage.load(), expected);
    for (const save of saves) {
      // Half of the snapshots are prepared, which only changes the time of the save.
      const { snapshot } = save;
      if (snapshot !== null && snapshot.last.index % 2 === 0) await storage.prepare(snapshot);
      await storage.save(save);
      expected = applySave(expected, save);
      if (!reopens) continue;
      await storage.close();
      storage = await home.open();
      assertSame(await loaded(storage), expected, seed);
    }
    await storage.close();
    storage = await home.open();
    assertSame(await loaded(storage), expected, seed);
    await storage.close();
    await home.remove();
  }
}

/** The state that a storage loads; fails when it refuses. */
async function loaded(storage: Storage): Promise<Persistent> {
  try {
    return await storage.load();
  } catch (error) {
    throw new AssertionError(`the storage refused what it saved: ${error}`, { cause: error });
  }
}

function assertSame(actual: Persistent, expected: Persistent, seed?: number): void {
  assertEquals(
    describePersistent(actual),
    describePersistent(expected),
    seed === undefined ? undefined : `seed ${seed}`,
  );
  assertEquals(actual, expected);
}

/** Describes a state in one line. */
export function describePersistent(state: Persistent): string {
  const { term, votedFor, snapshot, entries } = state;
  const image = snapshot === null
    ? "-"
    : `${snapshot.last.index}@${snapshot.last.term}:${snapshot.data.length}`;
  const log = entries.map((entry) => `${entry.index}@${entry.term}`).join(" ");
  return `term ${term} vote ${votedFor ?? "-"} snapshot ${image} log ${log}`;
}

/** Random saves of a follower, each permitted after the earlier ones. */
export function randomSaves(random: Random, count: number): Save[] {
  const saves: Save[] = [];
  let state = EMPTY;
  for (let i = 0; i < count; i++) {
    const save = randomSave(random, state);
    saves.push(save);
    state = applySave(state, save);
  }
  return saves;
}

/** A random save that is permitted after a state. */
export function randomSave(random: Random, state: Persistent): Save {
  const below = (bound: number): number => Math.floor(random() * bound);
  const votes = random() < 0.3;
  const term = Math.max(state.term, lastOf(state).term) + (votes ? 1 + below(2) : 0);
  const vote = votes || term > state.term
    ? { term, votedFor: random() < 0.5 ? 1 + below(3) : null }
    : null;
  if (vote !== null && random() < 0.4) return saveOf({ vote });
  const base = state.snapshot?.last.index ?? 0;
  const last = lastOf(state).index;
  const kind = random();
  if (kind < 0.15 && last > base) {
    const held = state.entries[below(state.entries.length)]!;
    return saveOf({ vote, snapshot: snapshotOf(held.index, held.term, below(200)) });
  }
  if (kind < 0.25) {
    const index = base + 1 + below(last - base + 5);
    const entries = entriesOf(index + 1, below(3), term);
    const snapshot = snapshotOf(index, term, below(200));
    return saveOf({ vote, snapshot, tail: { from: index + 1, entries } });
  }
  const from = kind < 0.4 ? base + 1 + below(last - base + 1) : last + 1;
  return saveOf({ vote, tail: { from, entries: entriesOf(from, below(5), term) } });
}
