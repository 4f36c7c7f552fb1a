/**
 * Fixed seeds of the random walk over bare cores; `deno task sim:walk` takes more.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { walk, type WalkResult } from "./walk.ts";

/** As many as fit beside the other tests. */
const SEEDS = 300;

Deno.test(`cores keep their promises in ${SEEDS} random walks`, () => {
  const total = { committed: 0, readsConfirmed: 0, restored: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = walkOf(seed);
    for (const count of ["committed", "readsConfirmed", "restored"] as const) {
      total[count] += result[count];
    }
  }
  assert(total.committed > 50 * SEEDS, `only ${total.committed} entries were committed`);
  assert(total.readsConfirmed > 50 * SEEDS, `only ${total.readsConfirmed} reads were confirmed`);
  assert(total.restored > 3 * SEEDS, `only ${total.restored} images were restored`);
});

Deno.test("a walk gives one seed one way", () => {
  assertEquals(walk(7), walk(7));
});

function walkOf(seed: number): WalkResult {
  try {
    return walk(seed);
  } catch (error) {
    throw new Error(`Seed ${seed} of the walk fails`, { cause: error });
  }
}
