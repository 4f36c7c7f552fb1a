/**
 * The summary of a soak as one self-contained HTML page: operations, latency and the nodes' memory
 * and disk over time, with every fault as a band behind the curves. Pure.
 *
 * @module
 */

import type { Annotation } from "../checker/mod.ts";
import { isWell, type SoakResult, type SoakSecond } from "./soak.ts";

const WIDTH = 1200;
/** Left of the curves stand the numbers of their axes and the names of the faults. */
const LEFT = 84;
/** Half of the last time of the axis needs this room. */
const RIGHT = 40;
const PANEL = 130;
/** Above each panel, for its title. */
const TITLE = 40;
const BAND = 12;
const AXIS = 28;

/** The faults, in the order of their rows. */
const KINDS: readonly Annotation["kind"][] = ["partition", "crash", "pause", "network", "info"];

/** The colours of the page by name, in the light and in the dark. */
const COLOURS: Readonly<Record<string, readonly [string, string]>> = {
  paper: ["#fff", "#15181d"],
  ink: ["#222", "#dfe3e8"],
  soft: ["#667", "#98a2b0"],
  grid: ["#e2e4e8", "#2d333c"],
  good: ["#2c7a4b", "#58b983"],
  bad: ["#c0453f", "#ee7a72"],
  blue: ["#27638f", "#6db3e4"],
  orange: ["#c77d28", "#e9a957"],
  violet: ["#6d5a9c", "#ab97e0"],
  partition: ["#8b6fc0", "#a78bdf"],
  crash: ["#c0453f", "#e5675f"],
  pause: ["#d29a2a", "#e0b04a"],
  network: ["#4f86b8", "#6aa5da"],
  info: ["#888", "#999"],
};

/** One curve of a panel; where its value is `null` it has a gap. */
interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
}

/** Curves over the same time axis, in the same unit. */
interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
}

/** Where the times and the rows of the picture are. */
interface Frame {
  readonly x: (ms: number) => number;
  readonly endMs: number;
  readonly kinds: readonly Annotation["kind"][];
  /** Where the panels begin, and where the axis of times is. */
  readonly top: number;
  readonly bottom: number;
}

function panelsOf({ seconds, samples }: SoakResult): readonly Panel[] {
  const eachSecond = (valueOf: (second: SoakSecond) => number | null) =>
    seconds.map((second, place) => ({ atMs: (place + 0.5) * 1000, value: valueOf(second) }));
  const quantile = (share: number) =>
    eachSecond(({ latenciesMs }) =>
      latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? null
    );
  const mebibytes = (field: "memoryBytesMax" | "diskBytesMax") =>
    samples.map((sample) => {
      const bytes = sample[field];
      return { atMs: sample.atMs, value: bytes === null ? null : bytes / 2 ** 20 };
    });
  return [
    {
      title: "operations a second",
      curves: [
        { label: "answered", colour: "good", points: eachSecond(({ done }) => done) },
        { label: "outcome unknown", colour: "bad", points: eachSecond(({ unknown }) => unknown) },
      ],
    },
    {
      title: "latency, ms",
      curves: [
        { label: "99 %", colour: "orange", points: quantile(0.99) },
        { label: "median", colour: "blue", points: quantile(0.5) },
      ],
    },
    {
      title: "memory of the largest node, MiB",
      curves: [{ label: "memory", colour: "violet", points: mebibytes("memoryBytesMax") }],
    },
    {
      title: "disk of the largest node, MiB",
      curves: [{ label: "disk", colour: "blue", points: mebibytes("diskBytesMax") }],
    },
  ];
}

/** Makes the page. */
export function soakPage(result: SoakResult): string {
  const { seconds, samples, annotations } = result;
  const endMs = Math.max(1000, seconds.length * 1000, ...samples.map(({ atMs }) => atMs));
  const panels = panelsOf(result);
  const kinds = KINDS.filter((kind) => annotations.some((annotation) => annotation.kind === kind));
  const top = kinds.length * (BAND + 4);
  const bottom = top + panels.length * (TITLE + PANEL);
  const x = (ms: number) => LEFT + Math.min(1, ms / endMs) * (WIDTH - LEFT - RIGHT);
  const frame: Frame = { x, endMs, kinds, top, bottom };
  const svg = [
    `<svg viewBox="0 0 ${WIDTH} ${bottom + AXIS}" xmlns="http://www.w3.org/2000/svg" role="img" ` +
    `aria-label="Operations, latency, memory and disk over time">`,
    ...kinds.map((kind, row) =>
      `<text x="${LEFT - 8}" y="${row * (BAND + 4) + BAND - 2}" text-anchor="end" ` +
      `fill="var(--${kind})">${kind}</text>`
    ),
    ...annotations.map((annotation) => drawFault(annotation, frame)),
    ...panels.map((panel, place) =>
      drawPanel(panel, { x, top: top + place * (TITLE + PANEL) + TITLE })
    ),
    drawTimes(frame),
    "</svg>",
  ].join("\n");
  return page(result, svg);
}

function drawFault(
  { kind, start, end, text }: Annotation,
  { x, endMs, kinds, top, bottom }: Frame,
): string {
  const [from, to] = [x(start), x(end ?? endMs)];
  const width = Math.max(1.5, to - from).toFixed(1);
  const times = `${(start / 1000).toFixed(1)} s to ${((end ?? endMs) / 1000).toFixed(1)} s`;
  const place = `x="${from.toFixed(1)}" width="${width}"`;
  const y = kinds.indexOf(kind) * (BAND + 4);
  return `<g fill="var(--${kind})"><title>${escape(`${text}, ${times}`)}</title>` +
    `<rect ${place} y="${y}" height="${BAND}"/>` +
    `<rect ${place} y="${top + TITLE}" height="${bottom - top - TITLE}" opacity="0.1"/></g>`;
}

function drawPanel(
  { title, curves }: Panel,
  { x, top }: { readonly x: (ms: number) => number; readonly top: number },
): string {
  const values = curves.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const ceiling = niceCeiling(values.reduce((most, value) => Math.max(most, value), 0));
  const y = (value: number) => top + PANEL - value / ceiling * PANEL;
  const lines = [0, 0.5, 1].map((share) => {
    const value = share * ceiling;
    const at = y(value).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" class="grid"/>` +
      `<text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">${formatNumber(value)}</text>`;
  });
  const names = curves.length === 1
    ? []
    : curves.map(({ label, colour }) =>
      `<tspan dx="18" class="name" fill="var(--${colour})">${escape(label)}</tspan>`
    );
  const heading = `<text x="${LEFT}" y="${top - 10}" class="title">${escape(title)}${
    names.join("")
  }</text>`;
  const paths = curves.flatMap(({ colour, points }) =>
    runsOf(points).map((run) => {
      const path = run.map(({ atMs, value }) => `${x(atMs).toFixed(1)},${y(value).toFixed(1)}`);
      return `<polyline points="${path.join(" ")}" stroke="var(--${colour})"/>`;
    })
  );
  return [heading, ...lines, ...paths].join("\n");
}

/** The parts of a curve between its gaps. */
function runsOf(points: Curve["points"]): { atMs: number; value: number }[][] {
  const runs: { atMs: number; value: number }[][] = [];
  let run: { atMs: number; value: number }[] | null = null;
  for (const { atMs, value } of points) {
    if (value === null) {
      run = null;
      continue;
    }
    if (run === null) runs.push(run = []);
    run.push({ atMs, value });
  }
  return runs;
}

function drawTimes({ x, endMs, bottom }: Frame): string {
  const stepMs = [5, 10, 30, 60, 300, 600, 1800, 3600]
    .map((seconds) => seconds * 1000)
    .find((step) => endMs / step <= 12) ?? 7_200_000;
  const times: string[] = [];
  for (let ms = 0; ms <= endMs; ms += stepMs) {
    const at = x(ms).toFixed(1);
    const text = stepMs < 60_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;
    times.push(
      `<line x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 5}" class="tick"/>` +
        `<text x="${at}" y="${bottom + 20}" text-anchor="middle">${text}</text>`,
    );
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
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Kontiki soak</title><style>
:root { color-scheme: light; ${variables(0)} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${variables(1)} } }
body { font: 14px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem; max-width: 1240px;
color: var(--ink); background: var(--paper); }
h1 { font-size: 1.4rem; margin: 0 0 0.6rem; } h1 b { color: var(--${isGood ? "good" : "bad"}); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1.5rem; margin: 0 0 1.6rem; }
dt { color: var(--soft); } dd { margin: 0; } svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; } svg text:not([fill]) { fill: var(--soft); }
svg .title { font-weight: 600; fill: var(--ink) !important; } svg .name { font-weight: 400; }
polyline { fill: none; stroke-width: 1.4; stroke-linejoin: round; stroke-linecap: round; }
.grid { stroke: var(--grid); } .tick { stroke: var(--soft); }
pre { color: var(--bad); white-space: pre-wrap; }
</style></head><body>
<h1>Soak: <b>${isGood ? "all is well" : "something is wrong"}</b></h1>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escape(value)}</dd>`).join("\n")}</dl>
${failure === null ? "" : `<pre>${escape(failure)}</pre>`}
${svg}
</body></html>
`;
}

function variables(theme: 0 | 1): string {
  return Object.entries(COLOURS).map(([name, both]) => `--${name}: ${both[theme]};`).join(" ");
}

/** The smallest round number that is at least the value. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function formatNumber(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
