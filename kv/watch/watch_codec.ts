/**
 * The bytes of watches: what a client asks, and why its stream ends. The parts between are in
 * `watch_parts.ts`.
 *
 * `docs/protocol.md` shows every byte.
 *
 * @module
 */

import { type Key, MalformedBytes, orNull, Reader, Writer } from "../command/mod.ts";
import { KEY_BYTES_MAX } from "../tables/mod.ts";
import type { KeyRange } from "./key_ranges.ts";

/** What a client wants to see. */
export interface WatchQuery {
  /** At most {@linkcode WATCH_RANGES_MAX}, in any order. */
  readonly ranges: readonly KeyRange[];
  /** The changes after this revision; `null`: the changes from now on. */
  readonly from: number | null;
  /** With each change what the key was before. */
  readonly previous: boolean;
  /** Without values. */
  readonly keysOnly: boolean;
  /** With the lease and the end of each key, which nodes of older releases do not know. @default {false} */
  readonly ends?: boolean;
}

/** Why a watch ended. */
export type WatchEnd =
  /** The reader was too slow: what follows this revision is gone here. */
  | { readonly type: "behind"; readonly revision: number }
  /** What follows the revision is gone; this is the oldest to watch from. */
  | { readonly type: "compacted"; readonly oldest: number }
  /** This node has not heard of a leader for long, or is far behind. */
  | { readonly type: "outdated" }
  /** This node has too many watches. */
  | { readonly type: "overloaded" };

/** At most this many ranges in one watch. */
export const WATCH_RANGES_MAX = 1000;

const WATCH = 16;
const FLAGS = { from: 1, previous: 2, keysOnly: 4, ends: 8 } as const;
const ALL_FLAGS = 15;
const ENDS = { behind: 0, compacted: 1, outdated: 2, overloaded: 3 } as const;

/** The bytes of a query. Throws a `RangeError` for one that no server would take. */
export function encodeWatch(query: WatchQuery): Uint8Array {
  const { ranges, from, previous, keysOnly, ends = false } = query;
  if (ranges.length === 0 || ranges.length > WATCH_RANGES_MAX) {
    throw new RangeError(
      `Cannot watch: wanted 1 to ${WATCH_RANGES_MAX} ranges, got ${ranges.length}`,
    );
  }
  if (from !== null && (!Number.isSafeInteger(from) || from < 0)) {
    throw new RangeError(`Cannot watch: wanted a revision, got ${from}`);
  }
  const to = new Writer();
  to.u8(WATCH);
  to.u8(
    (from === null ? 0 : FLAGS.from) | (previous ? FLAGS.previous : 0) |
      (keysOnly ? FLAGS.keysOnly : 0) | (ends ? FLAGS.ends : 0),
  );
  to.u64(from ?? 0);
  to.u16(ranges.length);
  for (const { start, end } of ranges) {
    writeKey(to, start);
    writeKey(to, end ?? "");
  }
  return to.finish();
}

/** The query of these bytes, or `null`: they are none. */
export function decodeWatch(bytes: Uint8Array): WatchQuery | null {
  return orNull(() => {
    const reader = new Reader(bytes);
    if (reader.u8() !== WATCH) throw new MalformedBytes("wanted a watch");
    const flags = reader.u8();
    if (flags > ALL_FLAGS) throw new MalformedBytes(`wanted known flags, got ${flags}`);
    const from = reader.u64();
    const count = reader.u16();
    if (count === 0 || count > WATCH_RANGES_MAX) {
      throw new MalformedBytes(`wanted 1 to ${WATCH_RANGES_MAX} ranges, got ${count}`);
    }
    const ranges = Array.from({ length: count }, () => {
      // A range of one key of the greatest length ends behind it.
      const start = readKey(reader, KEY_BYTES_MAX);
      return { start, end: readKey(reader, KEY_BYTES_MAX + 1) || null };
    });
    reader.end();
    return {
      ranges,
      from: (flags & FLAGS.from) === 0 ? null : from,
      previous: (flags & FLAGS.previous) !== 0,
      keysOnly: (flags & FLAGS.keysOnly) !== 0,
      ...(flags & FLAGS.ends) === 0 ? {} : { ends: true },
    };
  });
}

/** The bytes of an end. */
export function encodeWatchEnd(end: WatchEnd): Uint8Array {
  const to = new Writer();
  to.u8(ENDS[end.type]);
  if (end.type === "behind") to.u64(end.revision);
  if (end.type === "compacted") to.u64(end.oldest);
  return to.finish();
}

/** The end of these bytes, or `null`: they are none. */
export function decodeWatchEnd(bytes: Uint8Array): WatchEnd | null {
  return orNull(() => {
    const from = new Reader(bytes);
    const end = readEnd(from);
    from.end();
    return end;
  });
}

function readEnd(from: Reader): WatchEnd {
  const code = from.u8();
  switch (code) {
    case ENDS.behind:
      return { type: "behind", revision: from.u64() };
    case ENDS.compacted:
      return { type: "compacted", oldest: from.u64() };
    case ENDS.outdated:
      return { type: "outdated" };
    case ENDS.overloaded:
      return { type: "overloaded" };
    default:
      throw new MalformedBytes(`wanted a known end, got ${code}`);
  }
}

/** Writes a key behind its length. */
export function writeKey(to: Writer, key: Key): void {
  to.u16(key.length);
  to.key(key);
}

/** Reads a key of at most so many bytes. */
export function readKey(from: Reader, most: number): Key {
  const length = from.u16();
  if (length > most) throw new MalformedBytes(`wanted a key of at most ${most} bytes`);
  return from.key(length);
}
