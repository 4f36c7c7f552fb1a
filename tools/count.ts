/**
 * `deno task sim:count [--seed N] [--increments N] [--processes]`: counts until there are so many
 * increments, with a line for each seed that fails and the totals at the end; with `--processes` once, on
 * five real ones.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { runCounting, runProcessCounting } from "../tests/counting/mod.ts";
import { refuse, wholeNumber } from "./flags.ts";

/** Increments of one seed. */
const EACH = 500;

const flags = parseArgs(Deno.args, {
  ...{ string: ["seed", "increments"], boolean: ["processes"], unknown: refuse },
});
const first = wholeNumber("seed", flags.seed ?? String(Date.now() % 1_000_000));
const wanted = wholeNumber("increments", flags.increments ?? "10000");
if (flags.processes) {
  const print = (line: string): void => console.error(line);
  const options = { seed: first, increments: wanted, seconds: 0, print };
  console.log(JSON.stringify({ first, ...await runProcessCounting(options) }));
  Deno.exit(0);
}
const totals = { seeds: 0, failed: 0, increments: 0, requests: 0, virtualSeconds: 0 };

for (let seed = first; totals.increments < wanted; seed++) {
  const result = await runCounting(seed, EACH);
  totals.seeds++;
  totals.increments += result.increments;
  totals.requests += result.requests;
  totals.virtualSeconds += Math.round(result.virtualMs / 1000);
  if (totals.seeds % 20 === 0) console.error(JSON.stringify({ first, ...totals }));
  if (result.failure === "") continue;
  totals.failed++;
  console.log(`seed ${seed}: ${result.failure}\n  again: deno task sim:count --seed ${seed}`);
  if (totals.failed === 10) break;
}
console.log(JSON.stringify({ first, ...totals }));
Deno.exit(totals.failed > 0 ? 1 : 0);
