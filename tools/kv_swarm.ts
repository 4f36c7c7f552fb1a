/**
 * `deno task sim:kv [--seed N] [--seeds N]`: seeds of the key/value swarm, with a line for each that
 * fails and the totals at the end.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { runKvSwarm } from "../tests/swarm/mod.ts";
import { refuse, wholeNumber } from "./flags.ts";

const flags = parseArgs(Deno.args, { string: ["seed", "seeds"], boolean: [], unknown: refuse });
const first = wholeNumber("seed", flags.seed ?? String(Date.now() % 1_000_000));
const seeds = wholeNumber("seeds", flags.seeds ?? "1");
const totals = { seeds, failed: 0, undecided: 0, operations: 0, unknown: 0, virtualSeconds: 0 };

for (let seed = first; seed < first + seeds; seed++) {
  const result = await runKvSwarm(seed);
  totals.operations += result.operations;
  totals.unknown += result.unknown;
  totals.virtualSeconds += Math.round(result.virtualMs / 1000);
  if (result.verdict === "unknown") totals.undecided++;
  if (result.failure === "") continue;
  totals.failed++;
  console.log(`seed ${seed}: ${result.failure}\n  again: deno task sim:kv --seed ${seed}`);
}
console.log(JSON.stringify({ first, ...totals }));
Deno.exit(totals.failed > 0 ? 1 : 0);
