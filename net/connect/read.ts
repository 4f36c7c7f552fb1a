/**
 * Snapshot reads: ranges of one revision, however many pages of the store they take.
 *
 * Invariants: all entries of an answer are of one revision (G4); a range has all entries that it asks
 * for, or all that there are (G5).
 *
 * @module
 */

import {
  type Batch,
  type BatchOutcome,
  type FoundEntry,
  type OperationOf,
  RANGE_KEYS_MAX,
} from "../../kv/mod.ts";
import { type Database, stampOf } from "./database.ts";
import {
  CONNECT_LIMITS,
  type KvEntryMessage,
  READ_STATUS,
  type ReadRangeMessage,
  SnapshotRead,
  SnapshotReadOutput,
} from "./messages.ts";
import type { ProtoWriter } from "./protobuf/mod.ts";
import { refusal, unavailable } from "./refusal.ts";
import { clientValue } from "./values.ts";

/** Sends a batch of reads. */
export type ReadBatch = (batch: Batch) => Promise<BatchOutcome>;

type Range = OperationOf<"range">;

/** What is missing of one of the ranges. */
interface Rest {
  readonly place: number;
  readonly range: Range;
}

/** The results of so many operations fit into one answer of the store, which has 8 MiB for pages of 1. */
const RANGES_AT_ONCE = 7;

/** A revision can be gone before all of its pages are read. */
const ATTEMPTS_MAX = 3;

/** Reads what the body asks for. Throws a refusal if it is beyond a limit, or if no node answers. */
export async function snapshotRead(
  body: Uint8Array,
  database: Database,
  read: ReadBatch,
): Promise<ProtoWriter> {
  const { ranges } = SnapshotRead.decode(body);
  const total = ranges.reduce((sum, { limit }) => sum + checkedLimit(limit), 0);
  if (total > CONNECT_LIMITS.entries) {
    throw refusal(`Wanted to read at most ${CONNECT_LIMITS.entries} entries, got ${total}`);
  }
  const wanted = ranges.map((range) => rangeOf(range, database));
  let isNewest = true;
  const found = await readAll(wanted, async (batch) => {
    const outcome = await read(batch);
    if (outcome.type === "done" && (outcome.ageMs ?? 0) > 0) isNewest = false;
    return outcome;
  });
  return SnapshotReadOutput.encode({
    ranges: found.map((entries) => ({
      values: entries.map((entry) => entryMessage(entry, database)),
    })),
    readIsStronglyConsistent: isNewest,
    status: READ_STATUS.success,
  });
}

/** An entry as clients get it. */
export function entryMessage(
  { key, value, revision }: Pick<FoundEntry, "key" | "value" | "revision">,
  database: Database,
): KvEntryMessage {
  const content = clientValue(value ?? new Uint8Array());
  return { key: database.bytes(key), ...content, versionstamp: stampOf(revision) };
}

/** The entries of each range, all at one revision. */
async function readAll(
  ranges: readonly Range[],
  read: ReadBatch,
): Promise<readonly (readonly FoundEntry[])[]> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const found = await readOnce(ranges, read);
    if (found !== null) return found;
  }
  throw unavailable("What was to be read changed too quickly; nothing was read");
}

/** `null`: the revision was gone in the middle. */
async function readOnce(
  ranges: readonly Range[],
  read: ReadBatch,
): Promise<readonly (readonly FoundEntry[])[] | null> {
  const found: FoundEntry[][] = ranges.map(() => []);
  let rest: readonly Rest[] = ranges.map((range, place) => ({ place, range }));
  for (let at = 0; rest.length > 0;) {
    const now = rest.slice(0, RANGES_AT_ONCE);
    const then = now.map(({ range }) => range);
    const outcome = await read({ checks: [], then, otherwise: [], at });
    if (outcome.type === "compacted") return null;
    if (outcome.type !== "done") {
      throw unavailable(`No node could read it in time (${outcome.type}); nothing was read`);
    }
    at = outcome.result.revision;
    const further = now.flatMap(({ place, range }, index) => {
      const result = outcome.result.results[index];
      if (result?.op !== "range") return [];
      found[place]!.push(...result.entries);
      return restOf({ place, range }, result);
    });
    rest = [...further, ...rest.slice(RANGES_AT_ONCE)];
  }
  return found;
}

/** What a page has left of its range. */
function restOf(
  { place, range }: Rest,
  { entries, next }: { readonly entries: readonly FoundEntry[]; readonly next: string | null },
): readonly Rest[] {
  const limit = range.limit - entries.length;
  if (next === null || limit === 0) return [];
  const bounds = range.reverse ? { end: next } : { start: next };
  return [{ place, range: { ...range, ...bounds, limit } }];
}

function rangeOf({ start, end, limit, reverse }: ReadRangeMessage, database: Database): Range {
  for (const { length } of [start, end]) {
    if (length > CONNECT_LIMITS.readKeyBytes) {
      throw refusal(`Wanted a key of at most ${CONNECT_LIMITS.readKeyBytes} bytes, got ${length}`);
    }
  }
  const bounds = { start: database.key(start), end: database.key(end) };
  return { op: "range", ...bounds, limit, reverse, show: "entries" };
}

function checkedLimit(limit: number): number {
  if (limit >= 1 && limit <= RANGE_KEYS_MAX) return limit;
  throw refusal(`Wanted a limit of 1 to ${RANGE_KEYS_MAX} entries, got ${limit}`);
}
