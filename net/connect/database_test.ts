/**
 * Names, keys and versionstamps of databases.
 *
 * @module
 */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Database, revisionOf, stampOf } from "./database.ts";
import { ConnectRefusal } from "./refusal.ts";

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

Deno.test("the id of a database is a UUID that depends on its cluster and its name", () => {
  const { id } = new Database("c", "a");
  assertEquals(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
    true,
  );
  assertEquals(new Database("c", "a").id, id);
  assertNotEquals(new Database("c", "b").id, id);
  assertNotEquals(new Database("d", "a").id, id);
});

Deno.test("a name cannot lead into another database", () => {
  for (const name of ["a", "A-1_b.c", "_", "x".repeat(64)]) {
    assertEquals(new Database("c", name).prefix, `db/${name}/`);
  }
  for (const name of ["", ".", "..", "a/b", "a%2Fb", "ü", "a b", "x".repeat(65), "a\0"]) {
    assertThrows(() => new Database("c", name), ConnectRefusal, "wanted a name");
  }
});

Deno.test("keys are any bytes, in their order", () => {
  const database = new Database("c", "a");
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  assertEquals(database.bytes(database.key(bytes)), bytes);
  const keys = [[0], [0, 255], [1], [127], [128], [255], [255, 0]];
  const stored = keys.map((key) => database.key(Uint8Array.from(key)));
  assertEquals(stored.toSorted((one, other) => one < other ? -1 : 1), stored);
});

Deno.test("versionstamps grow with revisions, and only those of revisions are known", () => {
  const revisions = [1, 255, 256, 2 ** 31, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER];
  const shown = revisions.map((revision) => hexOf(stampOf(revision)));
  assertEquals(shown.toSorted(), shown);
  assertEquals(shown[0], "00000000000000010000");
  assertEquals(revisions.map((revision) => revisionOf(stampOf(revision))), revisions);
  assertEquals(revisionOf(new Uint8Array(10)), null);
  assertEquals(revisionOf(new Uint8Array(10).fill(255)), null);
  assertEquals(revisionOf(stampOf(7).with(9, 1)), null);
});
