/**
 * The cost of starting a node: `deno run -A tests/processes/start_bench.ts`. Measures the time
 * until `version` has run, the time until a node serves and the memory of an idle node, beside the
 * time that Deno takes to run an empty program. `KONTIKI` names the executable to measure; by
 * default the source is run.
 *
 * @module
 */

import { formatBytes, formatDuration } from "../../cli/table/output.ts";
import { nodeCommand } from "./process_cluster.ts";

const RUNS = 9;
const IDLE_MS = 2000;

/** Runs the program; returns the milliseconds until it has ended. */
async function endMs(program: string, args: readonly string[]): Promise<number> {
  const begin = performance.now();
  const { success } = await new Deno.Command(program, { args: [...args], stdout: "null" }).output();
  if (!success) throw new Error(`Cannot measure ${program} ${args.join(" ")}: it failed`);
  return performance.now() - begin;
}

/** Starts a single node: returns milliseconds until it serves, and its memory when idle. */
async function serveMs(command: readonly string[], idleMs: number): Promise<[number, number]> {
  const folder = await Deno.makeTempDir();
  const [program = "", ...first] = command;
  const args = [...first, "--id", "1", "--peers", "1=127.0.0.1:0", "--data", folder];
  const begin = performance.now();
  const child = new Deno.Command(program, {
    args: [...args, "--until-input-ends"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const ms = performance.now() - begin;
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const bytes = Deno.build.os === "linux" ? residentBytes(child.pid) : 0;
  await child.stdin.close();
  await child.status;
  await reader.cancel();
  await Deno.remove(folder, { recursive: true });
  return [ms, bytes];
}

function residentBytes(pid: number): number {
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ??
    [];
  return Number(kilobytes) * 1024;
}

async function median(measure: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await measure());
  return times.sort((one, other) => one - other)[Math.floor(RUNS / 2)]!;
}

const command = nodeCommand();
const [program = "", ...before] = command.slice(0, -1);
const nothing = await median(() => endMs(Deno.execPath(), ["eval", "0"]));
const version = await median(() => endMs(program, [...before, "version"]));
const serving = await median(async () => (await serveMs(command, 0))[0]);
const [, idleBytes] = await serveMs(command, IDLE_MS);
const ratio = (ms: number): string => `${formatDuration(ms)}, ${(ms / nothing).toFixed(1)} times`;
console.log(`start (medians of ${RUNS}; deno eval 0 takes ${formatDuration(nothing)})`);
console.log(`  version has answered   ${ratio(version)}`);
console.log(`  a node serves          ${ratio(serving)}`);
console.log(`  an idle node holds     ${formatBytes(idleBytes)}`);
