/**
 * What `@std/msgpack` must do for us, whether it is the original or the stand-in in `tools/std`.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { decode, encode, type ValueType } from "@std/msgpack";

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const LETTERS = [..."abcdefghijklmnop"];

/** Values with the bytes that the format's specification and `@std/msgpack` give them. */
const VECTORS: readonly (readonly [ValueType, string])[] = [
  [null, "c0"],
  [false, "c2"],
  [true, "c3"],
  [0, "00"],
  [127, "7f"],
  [128, "cc80"],
  [255, "ccff"],
  [256, "cd0100"],
  [65_535, "cdffff"],
  [65_536, "ce00010000"],
  [4_294_967_295, "ceffffffff"],
  [4_294_967_296, "cb41f0000000000000"],
  [Number.MAX_SAFE_INTEGER, "cb433fffffffffffff"],
  [-1, "ff"],
  [-32, "e0"],
  [-33, "d0df"],
  [-128, "d080"],
  [-129, "d1ff7f"],
  [-32_768, "d18000"],
  [-32_769, "d2ffff7fff"],
  [-2_147_483_648, "d280000000"],
  [-2_147_483_649, "cbc1e0000000200000"],
  [1.5, "cb3ff8000000000000"],
  [Infinity, "cb7ff0000000000000"],
  [0n, "cf0000000000000000"],
  [2n ** 64n - 1n, "cfffffffffffffffff"],
  [-1n, "d3ffffffffffffffff"],
  [-(2n ** 63n), "d38000000000000000"],
  ["", "a0"],
  ["é", "a2c3a9"],
  ["a".repeat(31), "bf" + "61".repeat(31)],
  ["a".repeat(32), "d920" + "61".repeat(32)],
  ["a".repeat(256), "da0100" + "61".repeat(256)],
  [new Uint8Array(0), "c400"],
  [Uint8Array.of(1, 2, 3), "c403010203"],
  [new Uint8Array(256), "c50100" + "00".repeat(256)],
  [new Uint8Array(65_536), "c600010000" + "00".repeat(65_536)],
  [[], "90"],
  [[1, [2]], "92019102"],
  [Array(16).fill(0), "dc0010" + "00".repeat(16)],
  [{}, "80"],
  [{ a: 1, b: { c: null } }, "82a16101a16281a163c0"],
  [Object.fromEntries(LETTERS.map((key) => [key, 0])), "de0010" + LETTERS.map(hexOfField).join("")],
];

/** A field whose name is one letter and whose value is 0. */
function hexOfField(letter: string): string {
  return `a1${letter.charCodeAt(0).toString(16)}00`;
}

Deno.test("encode gives the specified bytes and decode takes them back", () => {
  for (const [value, bytes] of VECTORS) {
    assertEquals(hex(encode(value)), bytes);
    assertEquals(decode(fromHex(bytes)), value);
  }
});

Deno.test("encode writes -0 as the integer 0", () => {
  assertEquals(hex(encode(-0)), "00");
  assertEquals(hex(encode(NaN)), "cb7ff8000000000000");
});

Deno.test("encode throws when a value has no form", () => {
  for (const value of [undefined, [undefined], { a: undefined }, new Date(), new Map(), Symbol()]) {
    assertThrows(() => encode(value as unknown as ValueType));
  }
  assertThrows(() => encode(2n ** 64n), Error, "Cannot safely encode");
  assertThrows(() => encode(-(2n ** 63n) - 1n), Error, "Cannot safely encode");
});

Deno.test("decode takes numbers of every size", () => {
  assertEquals(decode(fromHex("ca3fc00000")), 1.5);
  assertEquals(decode(fromHex("cf0000000000000001")), 1n);
  assertEquals(decode(fromHex("d3fffffffffffffffe")), -2n);
  assertEquals(decode(fromHex("d0ff")), -1);
  assertEquals(decode(fromHex("cc05")), 5);
});

Deno.test("decode gives bytes that are a view of the input", () => {
  const input = fromHex("c403010203");
  const value = decode(input) as Uint8Array;
  input[2] = 9;
  assertEquals(value, Uint8Array.of(9, 2, 3));
});

Deno.test("decode throws when the input is cut at any place", () => {
  const input = encode({ a: [1, -300, 2n, 1.5, "text", "t".repeat(40), new Uint8Array(300)] });
  for (let length = 0; length < input.length; length++) {
    assertThrows(() => decode(input.subarray(0, length)));
  }
});

Deno.test("decode throws when bytes are left over, unused or of an extension", () => {
  assertThrows(() => decode(fromHex("0101")), EvalError);
  assertThrows(() => decode(fromHex("c1")));
  assertThrows(() => decode(fromHex("d40100")));
  assertThrows(() => decode(fromHex("c7010001")));
  assertThrows(() => decode(fromHex("81c001")), EvalError);
});
