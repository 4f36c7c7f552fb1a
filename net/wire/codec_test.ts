/**
 * Tests of the codec, with `@std/msgpack` as the oracle.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { decode as decodeStd, encode as encodeStd, type ValueType } from "@std/msgpack";
import { decode, DEPTH_MAX, ITEMS_MAX, type WireValue } from "./codec.ts";
import { encode, Encoder } from "./encoder.ts";
import { SeededRandom } from "../../tests/sim/seeded_random.ts";

/** Numbers around every boundary of an encoded size. */
const EDGES: readonly number[] = [0, 5, 7, 8, 15, 16, 31, 32, 53].flatMap((bits) =>
  [2 ** bits - 1, 2 ** bits, 2 ** bits + 1].flatMap((edge) => [edge, -edge, edge + 0.5])
);

const LENGTHS: readonly number[] = [0, 1, 15, 16, 23, 24, 31, 32, 85, 255, 256, 65_535, 65_536];

function randomValue(random: SeededRandom, depth = 0): WireValue {
  const kinds = depth < 4 ? 8 : 6;
  switch (random.below(kinds)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(EDGES);
    case 3:
      return random.range(-1e6, 1e6);
    case 4:
      return randomText(random);
    case 5:
      return Uint8Array.from({ length: random.below(40) }, () => random.below(256));
    case 6:
      return Array.from({ length: random.below(20) }, () => randomValue(random, depth + 1));
    default: {
      const keys = Array.from({ length: random.below(20) }, () => randomText(random));
      return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth + 1)]));
    }
  }
}

function randomText(random: SeededRandom): string {
  const alphabet = [..."abcdefghijklmnop", "é", "ß", "漢", "🚀", "\0", "\ud800"];
  return Array.from({ length: random.below(40) }, () => random.pick(alphabet)).join("");
}

function nested(depth: number): WireValue {
  let value: WireValue = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

function bytesOf(...parts: readonly (number | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}

Deno.test("encode returns the bytes of std for values around size boundaries", () => {
  const values: WireValue[] = [
    ...EDGES,
    -0,
    NaN,
    Infinity,
    -Infinity,
    Number.MAX_VALUE,
    ...LENGTHS.map((length) => "x".repeat(length)),
    ...LENGTHS.map((length) => "é".repeat(length)),
    ...LENGTHS.map((length) => new Uint8Array(length).fill(7)),
    ...LENGTHS.map((length) => Array(length).fill(null)),
    Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`key${i}`, i])),
    Object.fromEntries(Array.from({ length: 65_536 }, (_, i) => [`key${i}`, i])),
    Object.assign(Object.create(null), { a: 1 }),
  ];
  for (const value of values) assertEquals(encode(value), encodeStd(value as ValueType));
});

Deno.test("encode returns the bytes of std and decode reverses it for random values", () => {
  const random = new SeededRandom(20_26, "codec");
  const encoder = new Encoder();
  for (let i = 0; i < 1_000; i++) {
    const value = randomValue(random);
    encoder.clear();
    encoder.append(value);
    const bytes = encoder.bytes().slice();
    assertEquals(bytes, encodeStd(value as ValueType));
    assertEquals(decode(bytes), decodeStd(bytes));
    assertEquals(encode(decode(bytes)), bytes);
  }
});

Deno.test("encode throws and leaves no byte behind for an unsupported value", () => {
  const encoder = new Encoder();
  encoder.append("before");
  const before = encoder.bytes().slice();
  const holes: unknown[] = [1, 2];
  holes.length = 3;
  const values: readonly unknown[] = [
    undefined,
    1n,
    [1, undefined],
    holes,
    { a: [{ b: undefined }] },
    () => 1,
    Symbol("s"),
    new Date(0),
    new Map(),
    new Uint16Array(2),
    new Encoder(),
  ];
  for (const value of values) {
    assertThrows(() => encoder.append(value as WireValue), TypeError, "Cannot encode value");
    assertEquals(encoder.bytes(), before);
  }
});

Deno.test("encode and decode stop at the same depth", () => {
  const deepest = nested(DEPTH_MAX);
  assertEquals(decode(encode(deepest)), deepest);
  assertThrows(() => encode(nested(DEPTH_MAX + 1)), RangeError, "wanted at most 64 levels");
  const tooDeep = encodeStd(nested(DEPTH_MAX + 1) as ValueType);
  assertThrows(() => decode(tooDeep), SyntaxError, "wanted at most 64 levels");
});

Deno.test("encode refuses a value that contains itself", () => {
  const value: WireValue[] = [];
  value.push(value);
  assertThrows(() => encode(value), RangeError, "levels");
});

Deno.test("decode refuses excessive depth without exhausting the stack", () => {
  for (const opener of [[0x91], [0x81, 0xa1, 0x61], [0xdc, 0, 1], [0xdf, 0, 0, 0, 1, 0xa0]]) {
    const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => opener[i % opener.length]!);
    assertThrows(() => decode(bytes), SyntaxError, "levels");
  }
});

Deno.test("decode refuses counts that exceed the bytes, without allocating for them", () => {
  const before = Deno.memoryUsage().heapUsed;
  for (const head of [0xc6, 0xdb, 0xdd, 0xdf]) {
    const bytes = bytesOf(head, [0xff, 0xff, 0xff, 0xff], 0x01);
    for (let i = 0; i < 1_000; i++) assertThrows(() => decode(bytes), SyntaxError);
  }
  assertLess(Deno.memoryUsage().heapUsed - before, 100 * 1024 * 1024);
  for (const head of [0xdd, 0xdf]) {
    const bytes = bytesOf(head, [0, 0, 3, 232], 1);
    assertThrows(() => decode(bytes), SyntaxError, "wanted 1000 items at byte 5, got 1 bytes");
  }
});

Deno.test("decode refuses more items than allowed, even of one byte each", () => {
  const bytes = new Uint8Array(5 + ITEMS_MAX + 1).fill(0x80);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0xdd;
  view.setUint32(1, ITEMS_MAX + 1);
  assertThrows(() => decode(bytes), SyntaxError, "items");
});

Deno.test("decode refuses a key that is not a string or names the prototype", () => {
  assertThrows(() => decode(bytesOf(0x81, 1, 2)), SyntaxError, "string for a key");
  assertThrows(() => decode(bytesOf(0x81, 0xc0, 2)), SyntaxError, "string for a key");
  const proto = [...new TextEncoder().encode("__proto__")];
  for (const head of [[0xa9], [0xd9, 9], [0xda, 0, 9], [0xdb, 0, 0, 0, 9]]) {
    assertThrows(() => decode(bytesOf(0x81, head, proto, 0x80)), SyntaxError, "__proto__");
  }
  assertEquals(decode(encode({ __proto: 1, x__proto__: 2 })), { __proto: 1, x__proto__: 2 });
});

Deno.test("decode refuses extensions, the unused type and trailing bytes", () => {
  for (const type of [0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
    assertThrows(() => decode(bytesOf(type, new Array(20).fill(0))), SyntaxError, "plain value");
  }
  assertThrows(() => decode(bytesOf(1, 1)), SyntaxError, "wanted the end");
  assertThrows(() => decode(new Uint8Array(0)), SyntaxError);
});

Deno.test("decode takes integers of 64 bits for numbers, as encoders in Go send them", () => {
  const numbers = [0, 1, 7, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -7, -(2 ** 32), 1 - 2 ** 53];
  for (const number of numbers) {
    const bytes = encodeStd(BigInt(number));
    assertEquals([bytes.length, bytes[0]], [9, number < 0 ? 0xd3 : 0xcf]);
    assertEquals(decode(bytes), number);
    if (number >= 0) assertEquals(decode(Uint8Array.from([0xd3, ...bytes.slice(1)])), number);
  }
  for (const number of [2n ** 53n, 2n ** 64n - 1n, -(2n ** 53n), -(2n ** 63n)]) {
    assertThrows(() => decode(encodeStd(number)), SyntaxError, "up to 2^53 - 1");
  }
});

Deno.test("decode gives a string back as it was encoded, whatever its length and letters", () => {
  for (const letter of ["x", "é", "漢", "🚀", "\ufeff"]) {
    for (const length of [0, 1, 5, 15, 16, 17, 31, 32, 300]) {
      const value = letter.repeat(length);
      assertEquals(decode(encode(value)), value);
    }
  }
});

Deno.test("decode refuses a value truncated at any byte", () => {
  const value = [1, -300, 2 ** 40, 1.5, "text", "t".repeat(40), new Uint8Array(300), { a: [null] }];
  const bytes = encode(value);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decode(bytes.subarray(0, length)), SyntaxError);
  }
});

Deno.test("decode returns or refuses random bytes", () => {
  const random = new SeededRandom(7, "codec");
  const start = encode([1, "text", { a: new Uint8Array(3) }, -5, 2 ** 40, [1.5, null, true]]);
  let decoded = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = random.chance(0.5)
      ? Uint8Array.from({ length: random.below(60) }, () => random.below(256))
      : start.map((byte) => random.chance(0.05) ? random.below(256) : byte);
    try {
      decode(bytes);
      decoded += 1;
      assertEquals(decode(encode(decode(bytes))), decode(bytes));
    } catch (error) {
      assert(error instanceof SyntaxError, `${error}`);
    }
  }
  assertLess(0, decoded);
});

Deno.test("encoder releases memory after a large value", () => {
  const encoder = new Encoder();
  encoder.append(new Uint8Array(10_000_000));
  assertEquals(encoder.length, 10_000_005);
  encoder.clear();
  encoder.append("small");
  assertEquals(encoder.bytes(), encode("small"));
  assertLess(encoder.bytes().buffer.byteLength, 1_000);
});
