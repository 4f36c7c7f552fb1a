/**
 * Small plots of the last two minutes: throughput and latency.
 *
 * @module
 */

import { canvasOf, element, freshCanvas, themeColor } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */
/** @typedef {{ readonly at: number, readonly writes: number, readonly reads: number, readonly writeMs: number | null, readonly readMs: number | null }} Point */

const KEPT_MS = 120_000;
/** @type {Point[]} */
const points = [];
/** @type {PageState | null} */
let before = null;

/** @param {PageState} state */
function totals({ nodes }) {
  const sum = (/** @type {"reads" | "writes"} */ kind, /** @type {0 | 1} */ at) =>
    nodes.reduce((all, node) => all + node[kind][at], 0);
  return {
    reads: sum("reads", 0),
    readMs: sum("reads", 1),
    writes: sum("writes", 0),
    writeMs: sum("writes", 1),
  };
}

/** Adds a state; returns how many writes a second there are. @param {PageState} state */
export function addPoint(state) {
  const old = before;
  before = state;
  if (old === null || state.at <= old.at) return 0;
  const [now, then] = [totals(state), totals(old)];
  const seconds = (state.at - old.at) / 1000;
  const [writes, reads] = [now.writes - then.writes, now.reads - then.reads];
  // A node that restarts counts from 0 again.
  if (writes < 0 || reads < 0) return 0;
  points.push({
    at: state.at,
    writes: writes / seconds,
    reads: reads / seconds,
    writeMs: writes > 0 ? (now.writeMs - then.writeMs) / writes : null,
    readMs: reads > 0 ? (now.readMs - then.readMs) / reads : null,
  });
  while (points[0] !== undefined && points[0].at < state.at - KEPT_MS) points.shift();
  return writes / seconds;
}

/** @param {number} value */
function short(value) {
  if (value >= 10_000) return `${(value / 1000).toFixed(0)}k`;
  if (value >= 1000) return `${(value / 1000).toFixed(1)}k`;
  return value >= 10 ? value.toFixed(0) : value.toFixed(value === 0 ? 0 : 1);
}

/** The least round number that is not below a value. @param {number} value */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value) ?? 10) * power;
}

/** The room for the times below a plot. */
const FOOT = 16;
/** The lines across a plot, as shares of its greatest value. */
const LINES = [0, 0.5, 1];

/**
 * The lines behind a plot, with their values and the times.
 *
 * @param {import("./shared.js").Brush} brush
 * @param {{ readonly width: number, readonly height: number, readonly top: number, readonly span: number, readonly unit: string }} size
 */
function drawAxes(brush, { width, height, top, span, unit }) {
  brush.font = "11px system-ui, sans-serif";
  brush.strokeStyle = themeColor("line");
  brush.fillStyle = themeColor("soft");
  brush.lineWidth = 1;
  for (const share of LINES) {
    const y = Math.round(height - share * (height - 14)) - 0.5;
    brush.beginPath();
    brush.moveTo(0, y);
    brush.lineTo(width, y);
    brush.stroke();
    if (share > 0) brush.fillText(`${short(top * share)}${unit}`, 0, y - 3);
  }
  brush.fillText(`${Math.round(span / 1000)} s ago`, 0, height + FOOT - 3);
  brush.textAlign = "right";
  brush.fillText("now", width, height + FOOT - 3);
  brush.textAlign = "left";
}

/**
 * @param {string} id
 * @param {string} unit
 * @param {readonly (readonly [color: string, value: (point: Point) => number | null])[]} lines
 */
function drawPlot(id, unit, lines) {
  const { brush, width, height: whole } = freshCanvas(canvasOf(id));
  const height = whole - FOOT;
  const end = points.at(-1)?.at ?? 0;
  const span = Math.min(KEPT_MS, Math.max(20_000, end - (points[0]?.at ?? end)));
  const all = points.flatMap((point) => lines.map(([, value]) => value(point) ?? 0));
  const top = roundUp(Math.max(1, ...all));
  drawAxes(brush, { width, height, top, span, unit });
  for (const [color, value] of lines) {
    const seen = points.flatMap((point) => {
      const each = value(point);
      if (each === null) return [];
      return [[width * (1 - (end - point.at) / span), height - (each / top) * (height - 14) - 1]];
    });
    if (seen.length < 2) continue;
    brush.beginPath();
    for (const [x, y] of seen) brush.lineTo(x ?? 0, y ?? 0);
    brush.strokeStyle = themeColor(color);
    brush.lineWidth = 2;
    brush.lineJoin = "round";
    brush.stroke();
    brush.lineTo(seen.at(-1)?.[0] ?? 0, height);
    brush.lineTo(seen[0]?.[0] ?? 0, height);
    brush.closePath();
    brush.globalAlpha = 0.12;
    brush.fillStyle = themeColor(color);
    brush.fill();
    brush.globalAlpha = 1;
  }
}

/** Draws both plots, and writes their latest values. */
export function drawPlots() {
  drawPlot("throughput", "/s", [
    ["write", ({ writes }) => writes],
    ["read", ({ reads }) => reads],
  ]);
  drawPlot("latency", " ms", [
    ["write", ({ writeMs }) => writeMs],
    ["read", ({ readMs }) => readMs],
  ]);
  const last = points.at(-1);
  const text = (/** @type {number | null | undefined} */ value, /** @type {string} */ unit) =>
    value === null || value === undefined ? "–" : `${short(value)}${unit}`;
  element("writes").textContent = text(last?.writes, "/s");
  element("reads").textContent = text(last?.reads, "/s");
  element("writeMs").textContent = text(last?.writeMs, " ms");
  element("readMs").textContent = text(last?.readMs, " ms");
}
