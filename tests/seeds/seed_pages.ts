/**
 * Seeds that failed, as pages to look at: a seed runs once more, the same, with every event recorded.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import { check } from "../checker/search/mod.ts";
import { kvModel } from "../checker/mod.ts";
import { seedPage, SeedRecorder, timelinePage } from "../pages/mod.ts";
import {
  type KvSwarmOptions,
  type KvSwarmResult,
  type PlanOptions,
  runKvSwarm,
  runSwarm,
  type SwarmResult,
} from "../swarm/mod.ts";

/** The HTML of each page by the name of its file. */
export type Pages = ReadonlyMap<string, string>;

const CHECK_MS = 10_000;

/** Draws the run of a seed of the swarm. */
export function swarmPage(result: SwarmResult, recorder: SeedRecorder): string {
  const { seed, outcome, detail, virtualMs, events, committed } = result;
  const data = recorder.data();
  return seedPage({
    title: `Seed ${seed}`,
    detail: outcome === "passed" ? "" : `${outcome}: ${detail}`,
    facts: [
      data.nodes.length === 1 ? "1 node" : `${data.nodes.length} nodes`,
      `${(virtualMs / 1000).toFixed(1)} s`,
      `${events.toLocaleString("en")} events`,
      `${committed.toLocaleString("en")} committed`,
    ],
    data,
  });
}

/** Runs a seed of the key/value swarm again, and draws its messages and its history. */
export async function kvSeedPages(seed: number, options: KvSwarmOptions = {}): Promise<Pages> {
  const recorder = new SeedRecorder();
  const take: KvSwarmOptions["take"] = (at, event) => recorder.record(at, event);
  const { failure, history, virtualMs, operations } = await runKvSwarm(seed, { ...options, take });
  const title = `Seed ${seed} of the key/value swarm`;
  const data = recorder.data();
  const facts = [
    `${data.nodes.length} nodes`,
    `${(virtualMs / 1000).toFixed(1)} s`,
    `${operations.toLocaleString("en")} operations`,
  ];
  const deadline = performance.now() + CHECK_MS;
  const verdict = check(kvModel, history, { now: () => performance.now(), deadline });
  const timeline = { title, model: kvModel, operations: history, annotations: [] };
  return new Map([
    [`kv-seed-${seed}.html`, seedPage({ title, detail: failure, facts, data })],
    [`kv-seed-${seed}-history.html`, timelinePage(timeline, verdict)],
  ]);
}

/** Writes pages into a folder, which is made; returns their paths. */
export async function writePages(folder: string, pages: Pages): Promise<readonly string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [name, html] of pages) {
    paths.push(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${name}`, html);
  }
  return paths;
}

/** Runs a seed of the swarm. Throws if it does not pass, with the path of its page. */
export async function passingSwarm(seed: number, plan: PlanOptions = {}): Promise<SwarmResult> {
  const result = await runSwarm(seed, plan);
  if (result.outcome === "passed") return result;
  const recorder = new SeedRecorder();
  const again = await runSwarm(seed, {
    ...plan,
    take: (at, event) => recorder.record(at, event),
  });
  const pages = new Map([[`seed-${seed}.html`, swarmPage(again, recorder)]]);
  throw await failedSeed(`seed ${seed} ${result.outcome}: ${result.detail}`, pages);
}

/**
 * Runs a seed of the key/value swarm. Throws if it fails or if there is no verdict, with the paths of
 * its pages.
 */
export async function passingKvSwarm(
  seed: number,
  options: KvSwarmOptions = {},
): Promise<KvSwarmResult> {
  const result = await runKvSwarm(seed, options);
  const { failure, verdict } = result;
  if (failure === "" && verdict === "ok") return result;
  const text = failure === "" ? `no verdict: ${verdict}` : failure;
  throw await failedSeed(`seed ${seed} of sim:kv: ${text}`, await kvSeedPages(seed, options));
}

async function failedSeed(text: string, pages: Pages): Promise<AssertionError> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-failed-seed-" });
  const paths = await writePages(folder, pages);
  return new AssertionError(`${text}\nto look at: ${paths.join(" and ")}`);
}
