/**
 * Adds up the runs of many scenarios and seeds: progress while they run, a table at the end.
 *
 * @module
 */

import type { Scenario } from "../../tests/cluster/mod.ts";
import type { LabResult } from "../../tests/lab/mod.ts";
import { formatTable } from "../table/mod.ts";

/** Sums of one scenario. */
interface Row {
  readonly name: string;
  runs: number;
  failures: number;
  undecided: number;
  seconds: number;
  secondsMax: number;
  wallMs: number;
  requests: number;
  commits: number;
  cpuMs: number;
  starts: number;
}

const PROGRESS_EVERY_MS = 2_000;

/** The runs so far. */
export class LabTally {
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #seeds: number;
  readonly #silent: boolean;
  readonly #begin = performance.now();
  #progressAt = performance.now();

  constructor(
    scenarios: readonly Scenario[],
    { seeds, silent }: { readonly seeds: number; readonly silent: boolean },
  ) {
    this.#seeds = seeds;
    this.#silent = silent || seeds === 1;
    this.#rows = new Map(
      scenarios.map(({ name }) => [name, {
        ...{ name, runs: 0, failures: 0, undecided: 0, seconds: 0, secondsMax: 0 },
        ...{ wallMs: 0, requests: 0, commits: 0, cpuMs: 0, starts: 0 },
      }]),
    );
  }

  /** How many runs failed. */
  get failures(): number {
    return this.#sum((row) => row.failures);
  }

  /** Adds one run; with many seeds, prints progress from time to time. */
  add(result: LabResult): void {
    const row = this.#rows.get(result.name);
    if (row === undefined) throw new RangeError(`Cannot add ${result.name}: it was not chosen`);
    row.runs++;
    if (result.failure !== null) row.failures++;
    row.undecided += result.undecided;
    row.seconds += result.seconds;
    row.secondsMax = Math.max(row.secondsMax, result.seconds);
    row.wallMs += result.wallMs;
    row.requests += result.requests;
    row.commits += result.commits;
    row.cpuMs += result.usage?.cpuMs ?? 0;
    row.starts += result.usage?.starts ?? 0;
    this.#progress();
  }

  /** The closing summary: a table when there were many seeds, one line otherwise. */
  lines(): readonly string[] {
    const wall = ((performance.now() - this.#begin) / 1000).toFixed(1);
    const runs = this.#sum((row) => row.runs);
    const starts = this.#sum((row) => row.starts);
    const cpu = (this.#sum((row) => row.cpuMs) / 1000).toFixed(1);
    const usage = starts === 0 ? "" : `; ${cpu} s of processor time in ${starts} starts of nodes`;
    const undecided = this.#sum((row) => row.undecided);
    const open = undecided === 0 ? "" : `, ${undecided} histories undecided`;
    const seconds = this.#sum((row) => row.seconds).toFixed(0);
    const summary = `${this.failures === 0 ? "ok" : "FAILED"}: ${runs} runs, ` +
      `${this.failures} failed${open}; ${seconds} s of cluster time in ${wall} s${usage}`;
    if (this.#seeds === 1 && starts === 0) return [summary];
    const head = ["runs", "failed", "mean s", "max s", "RPCs", "commits", "wall s"];
    if (starts > 0) head.push("cpu s", "starts");
    const rows = [...this.#rows.values()].map((row) => cells(row).slice(0, 1 + head.length));
    const columns = head.map((title) => ({ title, align: "right" as const }));
    return [...formatTable([{ title: "scenario" }, ...columns], rows), summary];
  }

  #sum(of: (row: Row) => number): number {
    return [...this.#rows.values()].reduce((sum, row) => sum + of(row), 0);
  }

  #progress(): void {
    if (this.#silent || performance.now() - this.#progressAt < PROGRESS_EVERY_MS) return;
    this.#progressAt = performance.now();
    const runs = this.#sum((row) => row.runs);
    console.error(`${runs} of ${this.#rows.size * this.#seeds} runs, ${this.failures} failed`);
  }
}

function cells(row: Row): readonly string[] {
  const mean = (sum: number) => sum / Math.max(1, row.runs);
  return [
    row.name,
    String(row.runs),
    String(row.failures),
    mean(row.seconds).toFixed(1),
    row.secondsMax.toFixed(1),
    mean(row.requests).toFixed(0),
    mean(row.commits).toFixed(0),
    (row.wallMs / 1000).toFixed(1),
    (mean(row.cpuMs) / 1000).toFixed(2),
    mean(row.starts).toFixed(0),
  ];
}
