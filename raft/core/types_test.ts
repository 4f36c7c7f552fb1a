/**
 * What the compiler is to refuse.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Index, Term } from "./types.ts";

Deno.test("types: a term is no index, while plain numbers and calculated ones fit both", () => {
  const index: Index = 3;
  const term: Term = 2;
  // @ts-expect-error A term where an index is wanted.
  const wrong: Index = term;
  const next: Index = index + 1;
  assertEquals([wrong, next], [2, 4]);
});
