/**
 * Tests of the limit of the system, and of its division.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { descriptorLimit, parseLimit, shareDescriptors } from "./descriptors.ts";

Deno.test("parseLimit accepts the output of a shell, and falls back to a small number", () => {
  assertEquals(parseLimit("1024\n"), 1024);
  assertEquals(parseLimit("unlimited\n"), 2 ** 20);
  assertEquals(parseLimit(""), 256);
});

Deno.test("descriptorLimit is the limit of this process, or a small number", () => {
  assert(descriptorLimit() >= 64);
  assertEquals(descriptorLimit("/nowhere/sh"), 256);
});

Deno.test("shareDescriptors keeps a reserve for files, whatever the limit", () => {
  for (const limit of [128, 256, 1000, 1024, 4096, 2 ** 20]) {
    const { clients, peers } = shareDescriptors(limit);
    const counts = [clients.connectionsMax, clients.pendingHellosMax, peers.pendingHellosMax];
    assert(counts.every((count) => count > 0));
    assert(counts.reduce((sum, count) => sum + count) <= limit - 96, `${limit}`);
  }
  const clients = { connectionsMax: 4096, pendingHellosMax: 256 };
  assertEquals(shareDescriptors(2 ** 20), { clients, peers: { pendingHellosMax: 64 } });
  const sentence = "wanted at least 128 file descriptors (ulimit -n), got 127";
  assertThrows(() => shareDescriptors(127), RangeError, sentence);
});
