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
  { keys, valueBytes }: { readonly keys: number; readonly valueBytes: number },
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
    }\n</table>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
