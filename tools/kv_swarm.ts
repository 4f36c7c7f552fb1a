/**
 * `deno task sim:kv [--seed N] [--seeds N] [--pages FOLDER]`: seeds of the key/value swarm, with a
 * line and two pages for each that fails and the totals at the end: what happened how often, and in how
 * many seeds. Every 500 seeds it says on stderr how far it is.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { kvSeedPages, writePages } from "../tests/seeds/mod.ts";
import { runKvSwarm } from "../tests/swarm/mod.ts";
import { refuse, wholeNumber } from "./flags.ts";

const flags = parseArgs(Deno.args, {
  string: ["seed", "seeds", "pages"],
  boolean: [],
  unknown: refuse,
});
const first = wholeNumber("seed", flags.seed ?? String(Date.now() % 1_000_000));
const seeds = wholeNumber("seeds", flags.seeds ?? "1");
const totals = {
  ...{ seeds: 0, failed: 0, undecided: 0, operations: 0, batches: 0, unknown: 0, committed: 0 },
  ...{ seen: 0, virtualSeconds: 0 },
};
/** By kind: how often, and in how many seeds. */
const counts: Record<string, { times: number; seeds: number }> = {};

function count(what: Readonly<Record<string, number>>): void {
  for (const [name, times] of Object.entries(what)) {
    const all = counts[name] ??= { times: 0, seeds: 0 };
    all.times += times;
    if (times > 0) all.seeds++;
  }
}

for (let seed = first; seed < first + seeds; seed++) {
  const result = await runKvSwarm(seed);
  totals.seeds++;
  totals.operations += result.operations;
  totals.batches += result.batches;
  totals.committed += result.committed;
  totals.seen += result.seen;
  for (const what of Object.values(result.counts)) count(what);
  totals.unknown += result.unknown;
  totals.virtualSeconds += Math.round(result.virtualMs / 1000);
  if (result.verdict === "unknown") totals.undecided++;
  if (totals.seeds % 500 === 0) console.error(JSON.stringify({ first, ...totals }));
  if (result.failure === "") continue;
  totals.failed++;
  console.log(`seed ${seed}: ${result.failure}\n  again: deno task sim:kv --seed ${seed}`);
  const paths = await writePages(flags.pages ?? "failed-seeds", await kvSeedPages(seed));
  console.log(`  to look at: ${paths.join(" and ")}`);
}
const shown = Object.entries(counts).map(([name, { times, seeds }]) =>
  `${name} ${times} (${seeds})`
);
console.log(`how often (in how many seeds): ${shown.join(", ")}`);
console.log(JSON.stringify({ first, ...totals }));
Deno.exit(totals.failed > 0 ? 1 : 0);
