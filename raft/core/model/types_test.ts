/**
 * Tests of what the compiler must refuse.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Index, Term } from "./types.ts";

Deno.test("types: a term is not an index, while plain and computed numbers fit both", () => {
  const index: Index = 3;
  const term: Term = 2;
  // @ts-expect-error A term is not an index.
  const wrong: Index = term;
  const next: Index = index + 1;
  assertEquals([wrong, next], [2, 4]);
});
