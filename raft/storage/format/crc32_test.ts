/**
 * Tests of checksums against the definition, called often enough to be compiled with optimization.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { crc32 } from "./crc32.ts";

/** The checksum bit by bit, from the definition. */
function slowCrc32(bytes: Uint8Array, start: number): number {
  let value = ~start;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) * 0xedb8_8320 ^ value >>> 1;
  }
  return ~value >>> 0;
}

Deno.test("crc32 is correct for every start value, also once optimized", () => {
  const buffer = crypto.getRandomValues(new Uint8Array(4096));
  for (let round = 0; round < 30_000; round++) {
    const begin = (round * 7) % 4000;
    const bytes = buffer.subarray(begin, begin + round % 60);
    const start = (round * 2_654_435_761) % 2 ** 32;
    assertEquals(crc32(bytes, start), slowCrc32(bytes, start), `round ${round}, start ${start}`);
  }
});

Deno.test("crc32 of concatenated parts is that of the whole", () => {
  const bytes = new TextEncoder().encode("123456789");
  assertEquals(crc32(bytes), 0xcbf4_3926);
  for (let at = 0; at <= bytes.length; at++) {
    assertEquals(crc32(bytes.subarray(at), crc32(bytes.subarray(0, at))), 0xcbf4_3926);
  }
});
