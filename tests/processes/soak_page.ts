/**
 * The summary of a soak as one self-contained HTML page: operations, latency and the nodes' memory
 * and disk over time, with every fault as a band behind the curves. Pure.
 *
 * @module
 */

import type { Annotation } from "../checker/mod.ts";
import { isWell, type SoakResult, type SoakSample, type SoakSecond } from "./soak.ts";

const WIDTH = 1200;
const LEFT = 70;
const RIGHT = 20;
const PANEL = 150;
const GAP = 46;
const BAND = 14;

const COLOURS: Readonly<Record<Annotation["kind"], string>> = {
  partition: "#8b6fc0",
  crash: "#c0453f",
  pause: "#d29a2a",
  network: "#4f86b8",
  info: "#888",
};

/** One curve of a panel. */
interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** Curves over the same time axis. */
interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

function panelsOf({ seconds, samples }: SoakResult): readonly Panel[] {
  const eachSecond = (valueOf: (second: SoakSecond) => number) =>
    seconds.map((second, place) => ({ atMs: (place + 0.5) * 1000, value: valueOf(second) }));
  const quantile = (share: number) =>
    eachSecond(({ latenciesMs }) => latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0);
  const megabytes = (bytesOf: (sample: SoakSample) => number) =>
    samples.map((sample) => ({ atMs: sample.atMs, value: bytesOf(sample) / 2 ** 20 }));
  const answered = eachSecond(({ done }) => done);
  const unknown = eachSecond((second) => second.unknown);
  const memory = megabytes(({ memoryBytesMax }) => memoryBytesMax);
  const disk = megabytes(({ diskBytesMax }) => diskBytesMax);
  return [
    {
      title: "operations a second",
      curves: [
        { label: "answered", colour: "#2c7a4b", points: answered },
        { label: "outcome unknown", colour: "#c0453f", points: unknown },
      ],
    },
    {
      title: "latency, ms",
      curves: [
        { label: "99 %", colour: "#c77d28", points: quantile(0.99) },
        { label: "median", colour: "#27638f", points: quantile(0.5) },
      ],
    },
    {
      title: "largest node, MiB",
      curves: [
        { label: "memory", colour: "#6d5a9c", points: memory },
        { label: "disk", colour: "#555", points: disk },
      ],
    },
  ];
}

/** Makes the page. */
export function soakPage(result: SoakResult): string {
  const { seconds, samples, annotations } = result;
  const endMs = Math.max(1000, seconds.length * 1000, ...samples.map(({ atMs }) => atMs));
  const x = (ms: number) => LEFT + Math.min(1, ms / endMs) * (WIDTH - LEFT - RIGHT);
  const panels = panelsOf(result);
  const top = 2 * BAND + 30;
  const height = top + panels.length * (PANEL + GAP) + 20;
  const drawn = panels.map(({ title, curves }, place) =>
    drawPanel({ title, curves, top: top + place * (PANEL + GAP), x })
  );
  const svg = [
    `<svg viewBox="0 0 ${WIDTH} ${height}" xmlns="http://www.w3.org/2000/svg">`,
    ...annotations.map((annotation) => drawFault(annotation, { x, endMs, height })),
    ...drawn,
    drawTimes({ x, endMs, y: height - 4 }),
    "</svg>",
  ].join("\n");
  return page(result, svg);
}

function drawFault(
  { kind, start, end, text }: Annotation,
  { x, endMs, height }: { x: (ms: number) => number; endMs: number; height: number },
): string {
  const [from, to] = [x(start), x(end ?? endMs)];
  const width = Math.max(1.5, to - from).toFixed(1);
  const row = kind === "crash" || kind === "pause" ? 1 : 0;
  const colour = COLOURS[kind];
  const label = `${text}, ${(start / 1000).toFixed(1)} s to ${
    ((end ?? endMs) / 1000).toFixed(1)
  } s`;
  const place = `x="${from.toFixed(1)}" width="${width}"`;
  return `<g fill="${colour}"><title>${escape(label)}</title>` +
    `<rect ${place} y="${row * (BAND + 2)}" height="${BAND}"/>` +
    `<rect ${place} y="${2 * BAND + 4}" height="${height - 2 * BAND - 24}" opacity="0.10"/></g>`;
}

function drawPanel(
  { title, curves, top, x }: {
    title: string;
    curves: readonly Curve[];
    top: number;
    x: (ms: number) => number;
  },
): string {
  const most = Math.max(1, ...curves.flatMap(({ points }) => points.map(({ value }) => value)));
  const ceiling = niceCeiling(most);
  const y = (value: number) => top + PANEL - value / ceiling * PANEL;
  const lines = [0, 0.5, 1].map((share) => {
    const value = share * ceiling;
    const at = y(value).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" class="grid"/>` +
      `<text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${formatNumber(value)}</text>`;
  });
  const legend = curves.map(({ label, colour }, place) =>
    `<text x="${WIDTH - RIGHT - 130 * (curves.length - place)}" y="${top - 8}" fill="${colour}">` +
    `${escape(label)}</text>`
  );
  const paths = curves.map(({ colour, points }) => {
    const path = points.map(({ atMs, value }) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline points="${path.join(" ")}" stroke="${colour}"/>`;
  });
  const heading = `<text x="${LEFT}" y="${top - 8}" class="title">${escape(title)}</text>`;
  return [heading, ...legend, ...lines, ...paths].join("\n");
}

function drawTimes(
  { x, endMs, y }: { x: (ms: number) => number; endMs: number; y: number },
): string {
  const stepMs = [5, 10, 30, 60, 300, 600, 1800, 3600]
    .map((seconds) => seconds * 1000)
    .find((step) => endMs / step <= 12) ?? 7_200_000;
  const times: string[] = [];
  for (let ms = 0; ms <= endMs; ms += stepMs) {
    const text = ms < 120_000 && stepMs < 60_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;
    times.push(`<text x="${x(ms).toFixed(1)}" y="${y}" text-anchor="middle">${text}</text>`);
  }
  return times.join("\n");
}

function page(result: SoakResult, svg: string): string {
  const { options, operations, unknown, verdicts, lost, keys, failure, annotations } = result;
  const isGood = isWell(result);
  const facts: readonly (readonly [string, string])[] = [
    ["nodes, clients", `${options.nodes}, ${options.clients}`],
    ["minutes", (options.durationMs / 60_000).toFixed(1)],
    ["seed", String(options.seed)],
    ["operations", `${formatNumber(operations)} (${formatNumber(unknown)} of unknown outcome)`],
    ["histories", `${verdicts.ok} ok, ${verdicts.illegal} illegal, ${verdicts.unknown} undecided`],
    ["acknowledged and lost", `${lost} of ${formatNumber(keys)} keys`],
    ["faults", String(annotations.length)],
  ];
  const legend = Object.entries(COLOURS).filter(([kind]) => kind !== "info").map(([kind, colour]) =>
    `<span><i style="background:${colour}"></i>${kind}</span>`
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kontiki soak</title><style>
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1240px; color: #222; }
h1 { font-size: 1.4rem; } h1 b { color: ${isGood ? "#2c7a4b" : "#c0453f"}; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1.5rem; }
dt { color: #666; } dd { margin: 0; } svg { width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; } svg .title { font-weight: 600; }
polyline { fill: none; stroke-width: 1.4; } .grid { stroke: #ddd; }
p span { margin-right: 1.2rem; } i { display: inline-block; width: 1em; height: 0.8em;
margin-right: 0.4em; } pre { color: #c0453f; white-space: pre-wrap; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; }
svg text { fill: #ccc; } .grid { stroke: #383838; } }
</style></head><body>
<h1>Soak: <b>${isGood ? "all is well" : "something is wrong"}</b></h1>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`).join("\n")}</dl>
${failure === null ? "" : `<pre>${escape(failure)}</pre>`}
<p>${legend.join("\n")}</p>
${svg}
</body></html>
`;
}

/** The smallest of 1, 2, 5, 10, 20, … that is at least the value. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function formatNumber(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 1 });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
