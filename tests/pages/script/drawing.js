/**
 * Draws the timeline page: axis and faults, lanes, overview. The canvases are as large as what is
 * seen, so that ten thousand operations cost no more than the bars in view. Runs in a browser.
 *
 * @module
 */

import {
  AXIS,
  BAND,
  bandRows,
  bands,
  byId,
  color,
  data,
  failing,
  GUTTER,
  MAP,
  mapCanvas,
  orders,
  page,
  plot,
  RIGHT,
  rows,
  showTime,
  span,
  stage,
  surface,
  ticks,
  topCanvas,
  topHeight,
  view,
  xOf,
} from "./view.js";

/** @typedef {import("../page_data.ts").Bar} Bar */
/** @typedef {CanvasRenderingContext2D} Pen */

/** @type {Record<string, string>} */
const colors = {};
const NAMES = "card ink soft faint stripe read write refused unknown fail point onread onwrite " +
  "onrefused onunknown onfail partition crash pause network info";

/** Takes the colours of the theme from the style of the page. */
export function readColors() {
  for (const name of NAMES.split(" ")) colors[name] = color(name);
}

/** @param {Pen} pen @param {string} name */
function ink(pen, name) {
  pen.fillStyle = colors[name] ?? "";
}

/** @param {Pen} pen @param {string} name @param {number} width */
function line(pen, name, width) {
  pen.strokeStyle = colors[name] ?? "";
  pen.lineWidth = width;
}

/** @param {Pen} pen @param {readonly [number, number, number, number]} box @param {number} radius */
function rounded(pen, [x, y, w, h], radius) {
  pen.beginPath();
  pen.roundRect(x, y, w, h, Math.min(radius, w / 2));
}

/**
 * As much of the text as the room takes.
 *
 * @param {Pen} pen @param {string} text @param {number} room
 */
function fit(pen, text, room) {
  if (room < 14) return "";
  const each = pen.measureText("0").width * 0.94;
  if (pen.measureText(text).width <= room) return text;
  const count = Math.floor(room / each) - 1;
  return count < 2 ? "" : text.slice(0, count) + "…";
}

function drawTop() {
  const pen = surface(topCanvas, topHeight);
  const { step, times } = ticks(pen);
  for (const time of times) {
    ink(pen, "faint");
    pen.fillRect(xOf(time), AXIS - 7, 1, topHeight);
  }
  drawBands(pen);
  ink(pen, "card");
  pen.fillRect(0, 0, GUTTER - 4, topHeight);
  for (const [row, kind] of bandRows.entries()) {
    ink(pen, kind || "soft");
    pen.fillText(kind, 16, AXIS + 2 + row * BAND + (BAND - 3) / 2 + 0.5);
  }
  // After the names of the rows, so that these cut nothing off the first.
  pen.textAlign = "center";
  ink(pen, "soft");
  for (const time of times) {
    const text = showTime(time, step);
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(xOf(time), view.width - half - 6), AXIS / 2 - 1);
  }
  pen.textAlign = "left";
}

/** @param {Pen} pen */
function drawBands(pen) {
  for (const band of bands) {
    const from = Math.max(xOf(band.start), GUTTER);
    const to = Math.min(xOf(band.end), view.width - RIGHT + 10);
    if (xOf(band.end) < GUTTER || from > view.width) continue;
    const y = AXIS + 2 + band.row * BAND;
    const w = Math.max(to - from, 3);
    const h = BAND - 3;
    if (!band.isMoment) {
      ink(pen, "card");
      pen.fillRect(from, y, w, h);
      ink(pen, band.kind);
      pen.globalAlpha = 0.22;
      rounded(pen, [from, y, w, h], 4);
      pen.fill();
      pen.globalAlpha = 1;
    }
    ink(pen, band.kind);
    pen.fillRect(from, y, 3, h);
    ink(pen, "ink");
    pen.fillText(fit(pen, band.text, band.isMoment ? 240 : w - 14), from + 9, y + h / 2 + 0.5);
  }
}

/** @param {Pen} pen @param {Bar} bar @param {number} y */
function drawBar(pen, bar, y) {
  const x = xOf(bar.s);
  const w = Math.max(xOf(bar.e) - x, 2.5);
  const top = y + (view.row - view.bar) / 2;
  const isDim = view.key >= 0 && bar.q !== view.key;
  pen.globalAlpha = isDim ? 0.2 : 1;
  ink(pen, bar.f >= 1 ? "fail" : bar.k);
  if (bar.k === "unknown" && bar.f < 1) {
    const shade = pen.createLinearGradient(x, 0, x + w, 0);
    const fill = colors["unknown"] ?? "";
    shade.addColorStop(0, fill);
    shade.addColorStop(Math.min(1, 60 / w), fill);
    shade.addColorStop(1, "transparent");
    pen.fillStyle = shade;
  }
  if (w < 6) pen.fillRect(x, top, w, view.bar);
  else {
    rounded(pen, [x, top, w - 0.5, view.bar], 4);
    pen.fill();
  }
  outline(pen, bar, [x, top, w, view.bar]);
  pen.globalAlpha = 1;
  if (!isDim) drawLabel(pen, bar, { x, w, y });
}

/** @param {Pen} pen @param {Bar} bar @param {readonly [number, number, number, number]} box */
function outline(pen, bar, [x, top, w, h]) {
  if (bar.f === 0.5 || bar === view.hovered) {
    line(pen, bar === view.hovered ? "ink" : "fail", 1.5);
    if (bar.f === 0.5) pen.setLineDash([3, 2]);
    rounded(pen, [x + 0.5, top + 0.5, Math.max(w - 1.5, 2), h - 1], 4);
    pen.stroke();
    pen.setLineDash([]);
  }
  if (bar.f === 2) {
    line(pen, "fail", 2);
    rounded(pen, [x - 3.5, top - 3, w + 6.5, h + 6], 6);
    pen.stroke();
  }
}

/** @param {Pen} pen @param {Bar} bar @param {{ x: number, w: number, y: number }} place */
function drawLabel(pen, bar, { x, w, y }) {
  const from = Math.max(x, GUTTER) + 8;
  const room = x + w - from - 4;
  // The value that a read saw says more than the question.
  const isLong = bar.k === "read" && room < 260 && pen.measureText(bar.l).width > room;
  const text = fit(pen, isLong ? bar.l.slice(bar.l.lastIndexOf("→") + 1).trim() : bar.l, room);
  if (text !== "") {
    ink(pen, bar.f >= 1 ? "onfail" : `on${bar.k}`);
    pen.fillText(text, from, y + view.row / 2 + 0.5);
  }
  if (bar.p === null || w <= 6) return;
  const bottom = y + (view.row + view.bar) / 2;
  drawPoint(pen, Math.min(Math.max(xOf(bar.p), x + 3), x + w - 3), bottom);
}

/**
 * The moment of effect, on the lower edge, where it hides no text.
 *
 * @param {Pen} pen @param {number} x @param {number} y
 */
function drawPoint(pen, x, y) {
  pen.beginPath();
  pen.moveTo(x, y - 4);
  pen.lineTo(x + 4, y);
  pen.lineTo(x, y + 4);
  pen.lineTo(x - 4, y);
  pen.closePath();
  ink(pen, "point");
  pen.fill();
  line(pen, "card", 1);
  pen.stroke();
}

/** @param {Pen} pen @param {number} offset */
function drawOrder(pen, offset) {
  const { hovered } = view;
  if (hovered === null || hovered.o === null) return;
  const near = (orders.get(hovered.q) ?? []).slice(Math.max(0, hovered.o - 7), hovered.o + 6);
  line(pen, "ink", 1.2);
  pen.globalAlpha = 0.55;
  pen.beginPath();
  for (const bar of near) {
    pen.lineTo(xOf(bar.p ?? bar.s), bar.r * view.row - offset + (view.row + view.bar) / 2);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function drawLanes() {
  const height = stage.clientHeight;
  const offset = stage.scrollTop;
  byId("space").style.height = `${Math.max(rows.length * view.row + 8, 1)}px`;
  const pen = surface(byId("lanes"), height);
  const first = Math.max(0, Math.floor(offset / view.row));
  const seen = rows.slice(first, Math.ceil((offset + height) / view.row))
    .map((row, at) => ({ ...row, number: first + at, y: (first + at) * view.row - offset }));
  ink(pen, "stripe");
  for (const { number, y } of seen) if (number % 2 === 0) pen.fillRect(0, y, view.width, view.row);
  for (const band of bands) {
    if (band.kind === "info") continue;
    const from = Math.max(xOf(band.start), GUTTER);
    const to = xOf(band.end);
    ink(pen, band.kind);
    pen.globalAlpha = 0.05;
    if (to > from) pen.fillRect(from, 0, to - from, height);
    pen.globalAlpha = 1;
  }
  ink(pen, "faint");
  for (const time of ticks(pen).times) pen.fillRect(xOf(time), 0, 1, height);
  let drawn = 0;
  for (const { bars, y } of seen) drawn += drawRow(pen, bars, y);
  drawOrder(pen, offset);
  ink(pen, "card");
  pen.fillRect(0, 0, GUTTER - 4, height);
  for (const { bars, label, y } of seen) {
    ink(pen, bars.some((bar) => bar.f >= 1) ? "fail" : "soft");
    pen.fillText(label, 16, y + view.row / 2 + 0.5);
  }
  page.dataset["drawn"] = String(drawn);
}

/**
 * The bars of one row that are in view; returns how many were drawn.
 *
 * @param {Pen} pen @param {readonly Bar[]} bars @param {number} y
 */
function drawRow(pen, bars, y) {
  let drawn = 0;
  let filledTo = -1;
  for (const bar of bars) {
    if (bar.s > view.to) break;
    if (bar.e < view.from) continue;
    // Where bars are thinner than the eye can tell, one stands for all of the same pixel.
    const to = Math.max(xOf(bar.e), xOf(bar.s) + 2.5);
    if (bar.f === 0 && to <= filledTo + 0.5) continue;
    filledTo = to;
    drawBar(pen, bar, y);
    drawn++;
  }
  for (const bar of bars) {
    if (bar.f >= 1 && bar.e >= view.from && bar.s <= view.to) drawBar(pen, bar, y);
  }
  return drawn;
}

const BUCKETS = 240;
const buckets = new Float64Array(BUCKETS);
for (const bar of data.bars) {
  const at = Math.min(BUCKETS - 1, Math.floor((bar.s - data.from) / span * BUCKETS));
  buckets[at] = (buckets[at] ?? 0) + 1;
}
const fullest = Math.max(1, ...buckets);

function drawMap() {
  const pen = surface(mapCanvas, MAP);
  const scale = plot() / span;
  /** @param {number} time */
  const at = (time) => GUTTER + (time - data.from) * scale;
  ink(pen, "write");
  pen.globalAlpha = 0.35;
  const w = plot() / BUCKETS;
  for (const [n, count] of buckets.entries()) {
    const h = count / fullest * (MAP - 14);
    pen.fillRect(GUTTER + n * w, MAP - 5 - h, Math.max(w - 0.6, 0.6), h);
  }
  pen.globalAlpha = 1;
  for (const band of bands) {
    ink(pen, band.kind);
    pen.fillRect(at(band.start), 3, Math.max((band.end - band.start) * scale, 2), 3);
  }
  ink(pen, "fail");
  for (const bar of failing) {
    pen.fillRect(at(bar.s) - 1, 8, Math.max(3, (bar.e - bar.s) * scale), MAP - 12);
  }
  const from = at(view.from);
  const to = at(view.to);
  ink(pen, "ink");
  pen.globalAlpha = 0.08;
  pen.fillRect(GUTTER, 0, from - GUTTER, MAP);
  pen.fillRect(to, 0, view.width - RIGHT - to, MAP);
  pen.globalAlpha = 1;
  line(pen, "soft", 1);
  rounded(pen, [from + 0.5, 1.5, Math.max(to - from - 1, 4), MAP - 3], 4);
  pen.stroke();
  ink(pen, "soft");
  pen.fillText("overview", 16, MAP / 2);
}

/** Draws all of it now. */
export function drawNow() {
  view.width = stage.clientWidth;
  const room = Math.floor((stage.clientHeight - 8) / Math.max(rows.length, 1));
  view.row = Math.min(38, Math.max(26, room));
  view.bar = Math.min(22, view.row - 8);
  drawTop();
  drawLanes();
  drawMap();
}

let isQueued = false;
/** Draws all of it before the next frame, once. */
export function draw() {
  if (isQueued) return;
  isQueued = true;
  requestAnimationFrame(() => {
    isQueued = false;
    drawNow();
  });
}
