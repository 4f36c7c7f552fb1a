/**
 * Mutants that may survive, each with the reason. An entry is found by the text of the line and of
 * the change, as `deno task mutate` prints them; `tools/mutation/plan_test.ts` fails when the text of
 * an entry is no longer in its file.
 *
 * @module
 */

import type { Accepted } from "./plan.ts";

/** All survivors that are accepted. */
export const ACCEPTED: readonly Accepted[] = [];
