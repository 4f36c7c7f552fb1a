/**
 * Tests of the durable state: it agrees with `applySave`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { applySave, EMPTY } from "../../../raft/mod.ts";
import type { Persistent } from "../../../raft/core/model/types.ts";
import { DurableLog } from "./durable_log.ts";
import { LIFE } from "../../storage/file_storage_home.ts";

Deno.test("DurableLog equals the result of applySave after every save", () => {
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
