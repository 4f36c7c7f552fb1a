/**
 * What `bench:scale` measured, as a page without scripts: a table, and bars of speed. Pure.
 *
 * @module
 */

/** What was measured in one step. */
export interface ScaleRow {
  readonly step: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly failures: number;
  /** One for each node. */
  readonly memoryMiB: readonly number[];
  readonly lagMs: number;
  /**
   * The share of the time in which the thread of a node was ready and had no processor, of the node
   * that had to wait most; `null`: this system does not say.
   */
  readonly waited: number | null;
  /** The highest term: it grows with each change of leader. */
  readonly term: number;
  readonly diskMiB: number;
  /** Table files by level. */
  readonly levels: string;
  /** Bytes written to tables for each byte of keys and values. */
  readonly writeAmplification: number;
  /** Bytes of tables for each byte of keys and values that were loaded. */
  readonly spaceAmplification: number;
  /** In how many tables a get may have to look, without the filters. */
  readonly tablesPerGet: number;
}

/** What a put cost while the keys became so many. */
export interface CostPoint {
  readonly keys: number;
  readonly perSecond: number;
  /** Processor time of the leader for each key. */
  readonly cpuUs: number;
}

/** What was seen of what is aimed at. */
export interface Aims {
  readonly memoryMiB: number;
  /** Changes of the leader while keys were loaded. */
  readonly changes: number;
  /** The slowest thousandth of puts against the median. */
  readonly tail: number;
  readonly lagMs: number;
  /** Puts and gets a second against those of an empty store. */
  readonly puts: number;
  readonly gets: number;
  readonly restartSeconds: number;
  /** Processor time of the restarted node until then. */
  readonly restartCpuSeconds: number;
  readonly caughtUpSeconds: number;
  /** Bytes that were sent for each byte of keys and values. */
  readonly caughtUpBytes: number;
  /** The slowest hundredth of writes while a node caught up, against before. */
  readonly slower: number;
  readonly writeAmplification: number;
  readonly spaceAmplification: number;
  readonly tablesPerGet: number;
}

/** The cost of a put against the number of keys, drawn with characters. */
export function costLines(costs: readonly CostPoint[]): string[] {
  const most = Math.max(...costs.map(({ cpuUs }) => cpuUs), 1e-9);
  return costs.map(({ keys, perSecond, cpuUs }) => {
    const bar = "#".repeat(Math.round(40 * cpuUs / most));
    return `${String(keys).padStart(10)} keys  ${String(Math.round(perSecond)).padStart(7)}/s  ${
      cpuUs.toFixed(1).padStart(6)
    } µs of the leader a put  ${bar}`;
  });
}

/** What is aimed at beside what was seen. */
export function aimLines(seen: Aims): string[] {
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const times = (factor: number): string => `${factor.toFixed(2)}×`;
  const lines: [name: string, seen: string, aim: string, isMet: boolean | null][] = [
    ["highest memory of a node", `${seen.memoryMiB} MiB`, "under 512", seen.memoryMiB < 512],
    ["changes of the leader while loading", `${seen.changes}`, "0", seen.changes === 0],
    ["puts, p99.9 against p50, full", times(seen.tail), "under 10", seen.tail < 10],
    ["longest pause of a loop", `${seen.lagMs.toFixed(0)} ms`, "20 at p99.99", null],
    ["puts, full against empty", percent(seen.puts), "70 %", seen.puts >= 0.7],
    ["gets, full against empty", percent(seen.gets), "50 %", seen.gets >= 0.5],
    ["restart", `${seen.restartSeconds.toFixed(1)} s`, "under 3", seen.restartSeconds < 3],
    ["processor time of the restart", `${seen.restartCpuSeconds.toFixed(1)} s`, "", null],
    ["a fresh node catches up", `${seen.caughtUpSeconds.toFixed(1)} s`, "", null],
    ["bytes sent for it", times(seen.caughtUpBytes), "1.1", seen.caughtUpBytes <= 1.1],
    ["writes' p99 meanwhile", times(seen.slower), "under 2", seen.slower < 2],
    [
      "write amplification",
      times(seen.writeAmplification),
      "under 12",
      seen.writeAmplification < 12,
    ],
    ["space amplification", times(seen.spaceAmplification), "under 2", seen.spaceAmplification < 2],
    ["tables for a get", `${seen.tablesPerGet}`, "", null],
  ];
  return lines.map(([name, found, aim, isMet]) =>
    `${name.padEnd(36)} ${found.padStart(9)}${aim === "" ? "" : `   aim ${aim}`}${
      isMet === null ? "" : isMet ? ": met" : ": MISSED"
    }`
  );
}

const HEADS = [
  "step",
  "a second",
  "",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "failures",
  "memory MiB",
  "lag ms",
  "waited",
  "term",
  "tables MiB",
  "files by level",
  "written",
];

const STYLE = "body{font:14px system-ui;margin:2em}table{border-collapse:collapse}" +
  "td,th{padding:4px 10px;border-bottom:1px solid #ddd;text-align:right}" +
  "td:first-child,th:first-child{text-align:left}rect{fill:#27638f}";

/** Makes the page. */
export function scalePage(
  rows: readonly ScaleRow[],
  { keys, valueBytes, costs, aims }: {
    readonly keys: number;
    readonly valueBytes: number;
    readonly costs: readonly CostPoint[];
    readonly aims: readonly string[];
  },
): string {
  const fastest = Math.max(1, ...rows.map(({ perSecond }) => perSecond));
  const title = `${keys} keys of ${valueBytes} bytes`;
  const heads = HEADS.map((head) => `<th>${head}</th>`).join("");
  const body = rows.map((row) => {
    const width = Math.round(200 * row.perSecond / fastest);
    const cells = [
      escaped(row.step),
      row.perSecond,
      `<svg width="200" height="12"><rect width="${width}" height="12"/></svg>`,
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      row.p999Ms.toFixed(1),
      row.failures,
      row.memoryMiB.join(" "),
      row.lagMs.toFixed(0),
      row.waited === null ? "" : `${Math.round(100 * row.waited)} %`,
      row.term,
      row.diskMiB,
      row.levels,
      `${row.writeAmplification.toFixed(1)}×`,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${title}</title>` +
    `<style>${STYLE}</style>\n<h1>${title}</h1>\n<table>\n<tr>${heads}</tr>\n${
      body.join("\n")
    }\n</table>\n<pre>${escaped([...aims, "", ...costLines(costs)].join("\n"))}</pre>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
