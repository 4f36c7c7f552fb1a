/**
 * Protocol buffers: known bytes, unknown fields, limits, and garbage.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../../tests/sim/seeded_random.ts";
import { AtomicWrite, SnapshotRead, SnapshotReadOutput, Watch } from "../messages.ts";
import {
  bytes,
  flag,
  int,
  long,
  MalformedMessage,
  many,
  manyBytes,
  manyInts,
  MessageType,
  one,
} from "./mod.ts";

const Inner = new MessageType("Inner", { number: int(1) });
const All = new MessageType("All", {
  bytes: bytes(1),
  flag: flag(2),
  int: int(3),
  long: long(4),
  one: one(5, Inner),
  many: many(6, Inner, 3),
  manyBytes: manyBytes(7, 3),
  manyInts: manyInts(16, 3),
});

const EMPTY = {
  ...{ bytes: new Uint8Array(), flag: false, int: 0, long: 0n },
  ...{ one: null, many: [], manyBytes: [], manyInts: [] },
};

const FULL = {
  bytes: Uint8Array.of(1, 2),
  flag: true,
  int: -5,
  long: -(2n ** 40n),
  one: { number: 300 },
  many: [{ number: 0 }, { number: 2 ** 31 - 1 }],
  manyBytes: [new Uint8Array(), Uint8Array.of(255)],
  manyInts: [0, 2 ** 32 - 1],
};

Deno.test("messages are the bytes that the format demands", () => {
  assertEquals([...All.encode({ int: 150 }).joined()], [0x18, 0x96, 0x01]);
  assertEquals([...All.encode({ bytes: new TextEncoder().encode("hi") }).joined()], [
    ...[0x0a, 2, 0x68, 0x69],
  ]);
  assertEquals([...All.encode({ one: { number: 1 } }).joined()], [0x2a, 2, 8, 1]);
  const packed = [0x82, 0x01, 3, 1, 0xac, 0x02];
  assertEquals([...All.encode({ manyInts: [1, 300] }).joined()], packed);
  const minusOne = [0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
  assertEquals([...All.encode({ int: -1 }).joined()], minusOne);
  assertEquals(All.encode({ bytes: new Uint8Array(), flag: false, int: 0 }).length, 0);
});

Deno.test("messages come back as they were written", () => {
  assertEquals(All.decode(All.encode(FULL).joined()), FULL);
  assertEquals(All.decode(new Uint8Array()), EMPTY);
  const long = { ...EMPTY, manyBytes: [new Uint8Array(5000).fill(7), new Uint8Array(3000)] };
  const written = All.encode(long);
  const whole = written.parts().reduce((sum, { length }) => sum + length, 0);
  assertEquals([whole, written.joined().length], [written.length, written.length]);
  assertEquals(All.decode(written.joined()), long);
});

Deno.test("unknown fields are skipped, the last of several counts, numbers may stand alone", () => {
  const strange = [0xf8, 1, 5, 0xf9, 1, 1, 2, 3, 4, 5, 6, 7, 8, 0xfa, 1, 1, 9, 0xfd, 1, 1, 2, 3, 4];
  assertEquals(All.decode(Uint8Array.of(0x18, 1, ...strange, 0x18, 2)), { ...EMPTY, int: 2 });
  const alone = Uint8Array.of(0x80, 0x01, 5, 0x82, 0x01, 1, 6);
  assertEquals(All.decode(alone).manyInts, [5, 6]);
});

Deno.test("what is no message is refused with a sentence", () => {
  const wrong: readonly (readonly [readonly number[], string])[] = [
    [[0x18], "wanted more bytes"],
    [[0x0a, 5, 1], "wanted 5 bytes, got 1"],
    [[0x0b], "layout of a field, got 3"],
    [[0x00, 1], "a field from 1 on, got 0"],
    [[0x08, 1], "layout 2, got 0"],
    [[0x1a, 1, 1], "layout 0, got 2"],
    [[0x18, ...Array(11).fill(255)], "at most 10 bytes"],
    [[255, 255, 255, 255, 255, 1], "a field of at most 32 bits"],
    [[0x0a, 255, 255, 255, 255, 255], "a length of at most 32 bits"],
    [[0x0a, 255, 255, 255, 255, 15], "wanted 4294967295 bytes"],
    [[0x2a, 2, 8], "wanted 2 bytes, got 1"],
    [Array(4).fill([0x32, 0]).flat(), "at most 3 items"],
    [[0x82, 0x01, 4, 1, 2, 3, 4], "at most 3 items"],
    [Array(4).fill([0x3a, 0]).flat(), "at most 3 items"],
  ];
  for (const [given, sentence] of wrong) {
    assertThrows(() => All.decode(Uint8Array.from(given)), MalformedMessage, sentence);
  }
});

Deno.test("garbage is refused or read, and nothing else happens", () => {
  const random = new SeededRandom(1, "protobuf");
  const good = [
    All.encode(FULL).joined(),
    AtomicWrite.encode({
      checks: [{ key: Uint8Array.of(1), versionstamp: new Uint8Array(10) }],
      enqueues: [],
    }).joined(),
  ];
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const changed = round % 2 === 0
      ? Uint8Array.from({ length: random.below(40) }, () => random.below(256))
      : random.pick(good).slice();
    if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
    for (const type of [All, AtomicWrite, SnapshotRead, SnapshotReadOutput, Watch]) {
      try {
        const message = type.decode(changed);
        // What was read can be written, and is then read the same.
        const again = type.encode(message as never).joined();
        assertEquals(type.decode(again) as unknown, message as unknown);
        read++;
      } catch (error) {
        assert(error instanceof MalformedMessage, `${error}`);
      }
    }
  }
  assert(read > 1000, `only ${read} were read`);
});
