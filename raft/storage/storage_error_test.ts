/** Tests of {@linkcode StorageError}. @module */

import { assert, assertEquals } from "@std/assert";
import { StorageError, storageErrorOf } from "./storage_error.ts";

Deno.test("StorageError names the problem, the place and the remedy", () => {
  const error = new StorageError("damaged", "a record does not check", {
    file: "log-0000000001",
    offset: 96,
  });
  assert(error.message.startsWith(
    "Cannot use the storage: a record does not check (log-0000000001 at byte 96). Keep a copy",
  ));
  assertEquals([error.kind, error.file, error.offset], ["damaged", "log-0000000001", 96]);
  assertEquals(new StorageError("locked", "taken").file, null);
});

Deno.test("storageErrorOf distinguishes a full disk from a broken one and keeps the cause", () => {
  const coded = (code: string): Error => Object.assign(new Error("no"), { code });
  const kinds = ["ENOSPC", "EDQUOT", "EMFILE", "EIO", "EROFS"].map((code) =>
    storageErrorOf(coded(code)).kind
  );
  assertEquals(kinds, ["full", "full", "full", "failed", "failed"]);
  const known = new StorageError("locked", "taken");
  assertEquals(storageErrorOf(known), known);
  const cause = new Error("what");
  assertEquals([storageErrorOf(cause).cause, storageErrorOf("what").problem], [cause, "what"]);
});
