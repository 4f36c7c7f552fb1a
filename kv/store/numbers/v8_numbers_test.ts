/**
 * Numbers in the encodings of KV Connect, held to what V8 itself reads and writes.
 *
 * @module
 */

import { deserialize, serialize } from "node:v8";
import { assertEquals } from "@std/assert";
import { decodeV8, encodeAmount } from "./v8_numbers.ts";

const v8 = (value: unknown) => new Uint8Array(serialize(value));
const stored = (value: unknown) => Uint8Array.of(1, ...v8(value));

Deno.test("numbers are read as V8 writes them, and written so that V8 reads them", () => {
  const wide = 2n ** 4000n + 12345n;
  const big = [0n, 1n, -1n, 255n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), wide, -wide];
  for (const value of big) {
    assertEquals(decodeV8(v8(value)), { type: "BigInt", number: value });
    assertEquals(encodeAmount({ type: "BigInt", number: value }), stored(value));
  }
  const numbers = [0, -0, 1, -1, 63, 64, -64, -65, 2 ** 30, -(2 ** 30), 2 ** 31, 0.5, 1e300, NaN];
  for (const number of [...numbers, Infinity, -Infinity, 2 ** 32 - 1, -(2 ** 31)]) {
    assertEquals(decodeV8(v8(number)), { type: "Number", number });
    assertEquals(deserialize(encodeAmount({ type: "Number", number }).slice(1)), number);
  }
  assertEquals(decodeV8(Uint8Array.of(0xff, 15, 0x55, 0xff, 0xff, 0xff, 0xff, 0x0f)), {
    type: "Number",
    number: 2 ** 32 - 1,
  });
});

Deno.test("numbers are read whatever version of V8's format they are in", () => {
  for (const version of [9, 15, 16, 0x7f]) {
    for (const value of [-3, 2 ** 31, 0.5, 2n ** 70n]) {
      const bytes = v8(value);
      bytes[1] = version;
      assertEquals(decodeV8(bytes)?.number, value, `version ${version}`);
    }
  }
  assertEquals(decodeV8(Uint8Array.of(0xff, 0x80, 0x49, 2)), null);
});

Deno.test("the bits of NaN are the same on every processor", () => {
  const nan = encodeAmount({ type: "Number", number: Infinity - Infinity });
  assertEquals([...nan.subarray(4)], [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
});

Deno.test("bytes that are no number are refused, whatever they are", () => {
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: round % 14 }, (_, at) => (round * 7919 >> at) & 0xff);
    const headed = Uint8Array.of(0xff, 15, [0x49, 0x55, 0x4e, 0x5a][round % 4]!, ...bytes);
    const amount = decodeV8(headed);
    if (amount === null) continue;
    assertEquals(deserialize(headed), amount.number, headed.join());
  }
});
