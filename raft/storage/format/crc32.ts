/**
 * CRC-32 as zlib computes it, which may continue an earlier value.
 *
 * It avoids a fault of one supported runtime: Deno 2.4 takes a start value from 2^31 on for 2^31 -
 * 1, but only once the caller has been optimized, so that some thousand records later a file is
 * written and read wrongly. Here no such value reaches it.
 *
 * @module
 */

import { crc32 as native } from "node:zlib";

const POLYNOMIAL = 0xedb8_8320;
const SAFE_END = 2 ** 31;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) * POLYNOMIAL ^ value >>> 1;
  return value >>> 0;
});

/** The checksum of the bytes that follow those of `start`. */
export function crc32(bytes: Uint8Array, start = 0): number {
  let value = start;
  let at = 0;
  // Every step has even odds to bring it below, so about two bytes are processed here.
  while (value >= SAFE_END) {
    if (at === bytes.length) return value;
    const inner = ~value;
    value = ~(TABLE[(inner ^ bytes[at]!) & 0xff]! ^ inner >>> 8) >>> 0;
    at += 1;
  }
  return native(at === 0 ? bytes : bytes.subarray(at), value);
}
