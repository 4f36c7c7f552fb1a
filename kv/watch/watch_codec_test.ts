/**
 * The bytes of watches: what is written is read back, in parts of any length, and nothing else is.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChangeLog } from "../../tests/helpers/change_log.ts";
import { SeededRandom } from "../../tests/sim/mod.ts";
import { KEY_BYTES_MAX } from "../tables/mod.ts";
import { kindOf } from "./changes.ts";
import { rangeOfKey } from "./key_ranges.ts";
import {
  decodeWatch,
  decodeWatchEnd,
  encodeWatch,
  encodeWatchEnd,
  type WatchEnd,
  type WatchQuery,
} from "./watch_codec.ts";
import { encodeMark, PartReader, PartWriter, type SeenGroup } from "./watch_parts.ts";

const QUERY: WatchQuery = {
  ranges: [{ start: "", end: null }, rangeOfKey("k\xff"), { start: "a", end: "b" }],
  from: 2 ** 40,
  previous: true,
  keysOnly: false,
};

const QUERIES: readonly WatchQuery[] = [
  QUERY,
  { ...QUERY, from: null, previous: false },
  { ...QUERY, from: 0, keysOnly: true },
  { ...QUERY, ends: true },
  { ...QUERY, ranges: [rangeOfKey("k".repeat(KEY_BYTES_MAX))] },
];

const ENDS: readonly WatchEnd[] = [
  { type: "behind", revision: 7 },
  { type: "compacted", oldest: 2 ** 40 },
  { type: "outdated" },
  { type: "overloaded" },
];

Deno.test("a watch query is read back as it was written, and no longer one is", () => {
  for (const query of QUERIES) {
    const bytes = encodeWatch(query);
    assertEquals(decodeWatch(bytes), query);
    for (let length = 0; length < Math.min(bytes.length, 100); length++) {
      assertEquals(decodeWatch(bytes.subarray(0, length)), null);
    }
    assertEquals(decodeWatch(Uint8Array.of(...bytes, 0)), null);
    assertEquals(decodeWatch(Uint8Array.of(17, ...bytes.subarray(1))), null);
    assertEquals(decodeWatch(Uint8Array.of(16, 16, ...bytes.subarray(2))), null);
  }
});

Deno.test("a watch query has 1 to 1000 ranges, with keys of at most 4 KiB", () => {
  const refused = "Cannot watch: wanted 1 to 1000 ranges, got";
  assertThrows(() => encodeWatch({ ...QUERY, ranges: [] }), RangeError, `${refused} 0`);
  const ranges = Array.from({ length: 1001 }, () => rangeOfKey("k"));
  assertThrows(() => encodeWatch({ ...QUERY, ranges }), RangeError, `${refused} 1001`);
  assert(decodeWatch(encodeWatch({ ...QUERY, ranges: ranges.slice(1) })) !== null);
  const long = { start: "k".repeat(KEY_BYTES_MAX + 1), end: null };
  assertEquals(decodeWatch(encodeWatch({ ...QUERY, ranges: [long] })), null);
});

Deno.test("the end of a watch is read back as it was written, and nothing else is", () => {
  for (const end of ENDS) {
    const bytes = encodeWatchEnd(end);
    assertEquals(decodeWatchEnd(bytes), end);
    assertEquals(decodeWatchEnd(bytes.subarray(1)), null);
    assertEquals(decodeWatchEnd(Uint8Array.of(...bytes, 0)), null);
  }
  assertEquals(decodeWatchEnd(Uint8Array.of(99)), null);
});

Deno.test("groups are the same however long the parts are that they travel in", () => {
  const random = new SeededRandom(3);
  const log = new ChangeLog(random, 6);
  for (let step = 0; step < 100; step++) log.grow();
  for (const { previous, keysOnly, ends = false } of QUERIES) {
    const seen = ({ value, lease, expires, ...entry }: Entry) => ({
      ...entry,
      value: keysOnly || value === null ? new Uint8Array() : value,
      ...ends && lease > 0 ? { lease } : {},
      ...ends && expires > 0 ? { expires } : {},
    });
    const wanted: SeenGroup[] = log.groups.map(({ revision, changes }) => ({
      revision,
      changes: changes.map(({ entry, previous: before }) => ({
        kind: kindOf(entry),
        ...seen(entry),
        previous: !previous || before === null || before.value === null ? null : seen(before),
      })),
    }));
    for (const bytes of [1, 20, 100, 5000, 1e9]) {
      const writer = new PartWriter({ previous, keysOnly, ends });
      const reader = new PartReader({ ends });
      writer.give(log.groups);
      const got: SeenGroup[] = [];
      for (let parts = 0; !writer.isDone; parts++) {
        assert(parts < 10_000, "each part brings at least one change");
        got.push(...reader.read(writer.write(bytes)) ?? []);
      }
      assertEquals(got, wanted);
      assertEquals(reader.read(encodeMark(7)), [{ revision: 7, changes: [] }]);
    }
  }
});

Deno.test("bytes that are no part of a watch are noticed, and what follows is none either", () => {
  const log = new ChangeLog(new SeededRandom(4), 3);
  while (log.groups.length < 3) log.grow();
  const writer = new PartWriter({ previous: true, keysOnly: false });
  writer.give(log.groups);
  const whole = writer.write(1e9);
  for (let length = 1; length < whole.length; length++) {
    const groups = new PartReader().read(whole.subarray(0, length));
    // The bytes may end behind a record, but never bring a group that is not whole.
    for (const [place, { changes }] of (groups ?? []).entries()) {
      assertEquals(changes.length, log.groups[place]!.changes.length);
    }
  }
  assertEquals(new PartReader().read(Uint8Array.of(9)), null);
  const [group, change] = [whole.subarray(0, 13), whole.subarray(13)];
  assertEquals(new PartReader().read(change), null);
  assertEquals(new PartReader().read(Uint8Array.of(...group, ...group)), null);
  assertEquals(new PartReader().read(Uint8Array.of(...group, ...encodeMark(5))), null);
});

type Entry = ChangeLog["groups"][number]["changes"][number]["entry"];
