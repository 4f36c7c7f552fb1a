/** Tests of the head of every file, pinned byte by byte with a checksum from another program. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { checkIdentity, decodeFileHeader, encodeFileHeader } from "./file_head.ts";

const IDENTITY = {
  cluster: "c1",
  node: 7,
  clusterId: "0011".repeat(8),
  incarnation: "ffee".repeat(8),
};
const HEADER = encodeFileHeader({
  letter: "L",
  identity: IDENTITY,
  numbers: [2, 5, 3, 0, 2 ** 53 - 1],
});

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

Deno.test("encodeFileHeader gives the bytes of docs/protocol.md", () => {
  const wanted = "4b4f4e54494b494c" + "03000000" + "07000000" + "6331" + "00".repeat(30) +
    "0011".repeat(8) + "ffee".repeat(8) +
    "0200000000000000" + "0500000000000000" + "0300000000000000" + "0000000000000000" +
    "ffffffffffff1f00" + "00000000" + "7c019d49";
  assertEquals(hex(HEADER), wanted);
  assertEquals(decodeFileHeader(HEADER)?.numbers, [2, 5, 3, 0, 2 ** 53 - 1]);
  assertEquals(decodeFileHeader(HEADER)?.identity, IDENTITY);
});

Deno.test("checkIdentity refuses clusters and nodes that cannot be written", () => {
  checkIdentity({ cluster: "é".repeat(16), node: 1 });
  for (const cluster of ["", "é".repeat(17), "a\0b"]) {
    assertThrows(() => checkIdentity({ cluster, node: 1 }), RangeError);
  }
  for (const node of [0, 1.5, -1, 2 ** 32]) {
    assertThrows(() => checkIdentity({ cluster: "c", node }), RangeError);
  }
});
