/**
 * Tests of new ids.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { drawId } from "./draw_id.ts";

Deno.test("drawId gives 32 hexadecimal digits, and others each time", () => {
  const ids = Array.from({ length: 100 }, drawId);
  for (const id of ids) assertMatch(id, /^[0-9a-f]{32}$/);
  assertEquals(new Set(ids).size, 100);
});
