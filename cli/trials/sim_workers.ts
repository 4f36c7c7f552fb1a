/**
 * Shares seeds out to several processes of this same program. Each takes every n-th seed and says
 * once a second how far it has come, as a line of JSON.
 *
 * @module
 */

import type { SwarmResult } from "../../tests/swarm/mod.ts";
import { linesOf, selfCommand } from "../table/mod.ts";
import type { FuzzRequest, FuzzTotals } from "./sim_command.ts";

/** Runs the seeds in `jobs` processes and reports what they say as it comes. */
export async function shareFuzz(
  request: FuzzRequest,
  report: (more: FuzzTotals, failure: SwarmResult | null) => void,
): Promise<void> {
  await Promise.all(
    Array.from({ length: request.jobs }, (_, place) => work(request, place, report)),
  );
}

async function work(
  { minutes, first, jobs, nodes }: FuzzRequest,
  place: number,
  report: (more: FuzzTotals, failure: SwarmResult | null) => void,
): Promise<void> {
  const [program, ...args] = selfCommand();
  args.push("fuzz", `${minutes}`, "--first", `${first + place}`, "--step", `${jobs}`);
  args.push("--jobs", "1", "--json");
  if (nodes !== undefined) args.push("--nodes", `${nodes}`);
  const child = new Deno.Command(program!, { args, stdout: "piped", stderr: "inherit" }).spawn();
  for await (const line of linesOf(child.stdout)) {
    const { totals, failure } = JSON.parse(line);
    report(totals, failure);
  }
  await child.status;
}
