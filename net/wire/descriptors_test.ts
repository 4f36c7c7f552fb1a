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
    for (const hasHttp of [false, true]) {
      const { clients, peers, http } = shareDescriptors(limit, { hasHttp });
      const counts = [clients.connectionsMax, clients.pendingHellosMax, peers.pendingHellosMax];
      assert(counts.every((count) => count > 0));
      assertEquals(http.connectionsMax > 0, hasHttp);
      const sum = counts.reduce((sum, count) => sum + count) + 4 * http.connectionsMax;
      assert(sum <= limit - 96, `${limit}`);
    }
  }
  const clients = { connectionsMax: 4096, pendingHellosMax: 256 };
  const expected = { clients, peers: { pendingHellosMax: 64 }, http: { connectionsMax: 256 } };
  assertEquals(shareDescriptors(2 ** 20, { hasHttp: true }), expected);
  const sentence = "wanted at least 128 file descriptors (ulimit -n), got 127";
  assertThrows(() => shareDescriptors(127, { hasHttp: false }), RangeError, sentence);
});
