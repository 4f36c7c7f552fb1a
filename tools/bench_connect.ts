/**
 * `deno task bench:connect [SECONDS]`: one program with Deno's own client of KV Connect, on a cluster of
 * three durable nodes and on one process with SQLite, in turn. Prints a table.
 *
 * @module
 */

import { firstLine, withHttpCluster } from "../tests/helpers/mod.ts";
import { formatCount, formatDuration, formatTable } from "../cli/table/mod.ts";
import { serveSqlite } from "./sqlite_connect.ts";

const TOKEN = "bench";
const ROUNDS = 3;
const KEYS = 10_000;
const LIST = 100;
const LOADS = [1, 32];
const WORKLOADS = ["get", "set", "atomic", "list"] as const;

type Workload = typeof WORKLOADS[number];

/** One phase: how many a second, and how long one took. */
interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

type Results = Readonly<Record<string, Figures>>;

const keyOf = (at: number) => ["bench", at];

/** What one loop does over and over. */
async function once(kv: Deno.Kv, workload: Workload): Promise<void> {
  const at = Math.floor(Math.random() * KEYS);
  switch (workload) {
    case "get":
      await kv.get(keyOf(at));
      return;
    case "set":
      await kv.set(keyOf(at), { at, text: "x".repeat(200) });
      return;
    case "atomic":
      await kv.atomic().check({ key: ["never"], versionstamp: null }).set(keyOf(at), at)
        .set(["other", at], at).delete(["gone", at]).commit();
      return;
    case "list": {
      const start = keyOf(Math.floor(Math.random() * (KEYS - LIST)));
      await Array.fromAsync(kv.list({ prefix: ["bench"], start }, { limit: LIST }));
    }
  }
}

/** Runs every workload with Deno's client, and prints the figures as JSON. */
async function measure(url: string, seconds: number): Promise<void> {
  const kv = await Deno.openKv(url);
  for (let from = 0; from < KEYS; from += 500) {
    const atomic = kv.atomic();
    for (let at = from; at < from + 500; at++) atomic.set(keyOf(at), { at, text: "x".repeat(200) });
    await atomic.commit();
  }
  const results: Record<string, Figures> = {};
  for (const workload of WORKLOADS) {
    for (const load of LOADS) {
      results[`${workload} ${load}`] = await phase(kv, { workload, load, seconds });
    }
  }
  console.log(JSON.stringify(results));
  kv.close();
}

async function phase(
  kv: Deno.Kv,
  { workload, load, seconds }: { workload: Workload; load: number; seconds: number },
): Promise<Figures> {
  const times: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1000;
  await Promise.all(Array.from({ length: load }, async () => {
    for (let now = performance.now(); now < end;) {
      await once(kv, workload);
      const after = performance.now();
      times.push(after - now);
      now = after;
    }
  }));
  const perSecond = times.length / (performance.now() - begin) * 1000;
  times.sort((one, other) => one - other);
  const at = (part: number) => times[Math.floor(times.length * part)]!;
  return { perSecond, p50: at(0.5), p99: at(0.99) };
}

function child(...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--unstable-kv", import.meta.filename!, ...args],
    env: { DENO_KV_ACCESS_TOKEN: TOKEN },
    stdout: "piped",
  }).spawn();
}

async function measured(url: string, seconds: number): Promise<Results> {
  const { stdout } = await child("measure", url, `${seconds}`).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The middle one of the rounds, by speed. */
function middle(rounds: readonly Results[], name: string): Figures {
  const figures = rounds.map((round) => round[name]!);
  return figures.toSorted((one, other) => one.perSecond - other.perSecond)[rounds.length >> 1]!;
}

async function compare(seconds: number): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-bench-connect-" });
  const sqlite = child("serve", `${folder}/kv.sqlite`);
  const ours: Results[] = [];
  const theirs: Results[] = [];
  try {
    const other = `http://127.0.0.1:${(await firstLine(sqlite.stdout)).trim()}/`;
    await withHttpCluster({ token: TOKEN }, async (cluster) => {
      const url = `${cluster.url(await cluster.leader())}/db/bench`;
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(await measured(url, seconds));
        theirs.push(await measured(other, seconds));
      }
    });
  } finally {
    sqlite.kill("SIGKILL");
    await sqlite.status;
    await Deno.remove(folder, { recursive: true });
  }
  const shown = ({ perSecond, p50, p99 }: Figures): string[] => {
    return [formatCount(Math.round(perSecond)), formatDuration(p50), formatDuration(p99)];
  };
  const rows = LOADS.flatMap((load) =>
    WORKLOADS.map((workload) => {
      const name = `${workload} ${load}`;
      return [workload, `${load}`, ...shown(middle(ours, name)), ...shown(middle(theirs, name))];
    })
  );
  const right = { align: "right" } as const;
  const figures = (who: string) => [`${who}/s`, "p50", "p99"].map((title) => ({ title, ...right }));
  const columns = [{ title: "" }, { title: "at once", ...right }];
  for (const line of formatTable([...columns, ...figures("cluster"), ...figures("SQLite")], rows)) {
    console.log(line);
  }
}

const [what = "2", url = "", seconds = ""] = Deno.args;
if (what === "serve") await serveSqlite(url);
else if (what === "measure") await measure(url, Number(seconds));
else await compare(Number(what));
