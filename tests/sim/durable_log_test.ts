/**
 * Tests of the record of a disk: it agrees with the meaning of a save.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { applySave, EMPTY } from "../../raft/mod.ts";
import type { Persistent } from "../../raft/core/types.ts";
import { DurableLog } from "./durable_log.ts";
import { LIFE } from "../storage/file_storage_home.ts";

Deno.test("DurableLog holds after every save what applySave says", () => {
  const durable = new DurableLog();
  let persistent: Persistent = EMPTY;
  for (const save of LIFE) {
    durable.apply(save);
    persistent = applySave(persistent, save);
    assertEquals(durable.persistent(), persistent);
    const again = new DurableLog();
    again.replaceWith(persistent);
    assertEquals(again.persistent(), persistent);
    assertEquals([again.logBytes, again.last], [durable.logBytes, durable.last]);
  }
});
