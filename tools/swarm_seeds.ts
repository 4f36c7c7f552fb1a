/**
 * Runs seeds 1 to N of the swarm and ends at the first that finds something: what a canary's
 * `sim seeds N` means.
 *
 * @module
 */

import { failureLines } from "../cli/trials/mod.ts";
import { runSwarm } from "../tests/swarm/mod.ts";

async function main(seeds: number): Promise<number> {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await runSwarm(seed);
    if (result.outcome === "passed") continue;
    console.log(`--- FAIL: swarm, seed ${seed}`);
    for (const line of failureLines(result, "deno task sim")) console.log(line);
    return 1;
  }
  console.log(`ok: ${seeds} seeds`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Number(Deno.args[0])));
