/**
 * `deno task soak MINUTES [--seed N] [--clients N] [--nodes N] [--preload N] [--out FOLDER]`: clerks
 * on real processes under kill -9, pauses, partitions of every shape and a bad network; every history is
 * checked. Writes `soak.html`, and for a bad epoch its history and timeline. Exit code 1: something
 * is wrong, or not known to be right; 2: wrong command line.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { formatHistory, kvModel } from "../tests/checker/mod.ts";
import { isWell, runSoak, type SoakEpoch } from "../tests/processes/mod.ts";
import { timelinePage } from "../tests/pages/mod.ts";
import { soakPage } from "../tests/processes/mod.ts";

const FLAGS = ["seed", "clients", "nodes", "preload", "out"];

const flags = parseArgs(Deno.args, { string: ["_", ...FLAGS], unknown: refuse });
const minutes = Number(flags._[0] ?? NaN);
if (!(minutes > 0) || flags._.length !== 1) fail(`wanted MINUTES, got ${flags._.join(" ")}`);
const out = String(flags["out"] ?? ".");
const seed = wholeNumber("seed", Date.now() % 1_000_000);
console.log(`seed ${seed}`);

const result = await runSoak({
  seed,
  durationMs: minutes * 60_000,
  nodes: wholeNumber("nodes", 5),
  clients: wholeNumber("clients", 50),
  ...flags["preload"] === undefined ? {} : { preload: wholeNumber("preload", 0) },
  print: (line) => console.log(line),
  illegal: writeEpoch,
});
await Deno.mkdir(out, { recursive: true });
await Deno.writeTextFile(`${out}/soak.html`, soakPage(result));
const { operations, unknown, verdicts, lost, keys, failure, annotations, samples } = result;
const faults = annotations.length;
const memoryMiB = Math.round(Math.max(...samples.map((one) => one.memoryBytesMax ?? 0)) / 2 ** 20);
const diskMiB = Math.round(Math.max(...samples.map((one) => one.diskBytesMax ?? 0)) / 2 ** 20);
console.log(
  JSON.stringify({ operations, unknown, verdicts, lost, keys, faults, memoryMiB, diskMiB }),
);
if (failure !== null) console.error(failure);
Deno.exit(isWell(result) ? 0 : 1);

async function writeEpoch({ number, history, annotations, result }: SoakEpoch): Promise<void> {
  const title = `soak, seed ${seed}, epoch ${number}`;
  const name = `${out}/epoch-${number}`;
  const file = { model: "kv", title, expect: null, operations: history, annotations };
  await Deno.mkdir(out, { recursive: true });
  await Deno.writeTextFile(`${name}.jsonl`, formatHistory(file));
  const timeline = { title, model: kvModel, operations: history, annotations };
  await Deno.writeTextFile(`${name}.html`, timelinePage(timeline, result));
}

function wholeNumber(flag: string, otherwise: number): number {
  const value = Number((flags as Record<string, unknown>)[flag] ?? otherwise);
  return Number.isSafeInteger(value) && value > 0 ? value : fail(`no number for --${flag}`);
}

function refuse(_argument: string, key?: string): boolean {
  return key === undefined || fail(`no such flag: --${key}`);
}

function fail(message: string): never {
  console.error(`Cannot soak: ${message}`);
  Deno.exit(2);
}
