/**
 * What the timeline page shows: its data, the part of the time that is in view, and where times and
 * rows are on the screen. Runs in a browser.
 *
 * @module
 */

/** @typedef {import("../page_data.ts").Bar} Bar */
/** @typedef {import("../page_data.ts").PageBand} PageBand */
/** @typedef {PageBand & { readonly isMoment: boolean, readonly row: number }} Band */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`Cannot draw: the page has no element "${id}"`);
  return element;
}

/** @type {import("../page_data.ts").PageData} */
export const data = JSON.parse(byId("data").textContent ?? "");
/** The length of the whole history. */
export const span = data.to - data.from;
export const page = document.documentElement;
export const stage = byId("stage");
export const topCanvas = byId("top");
export const mapCanvas = byId("map");

/** In pixels: left of the times are the names of the rows, right of them is a margin. */
export const GUTTER = 88;
export const RIGHT = 18;
/** In pixels: the heights of the axis, of a row of faults, and of the overview. */
export const AXIS = 30;
export const BAND = 21;
export const MAP = 42;
const FONT = '11.5px Inter, "Segoe UI", system-ui, sans-serif';

/** What is in view, and what is chosen in it. */
export const view = {
  from: data.from,
  to: data.to,
  /** The number of the chosen key; -1: all. */
  key: -1,
  /** @type {Bar | null} */
  hovered: null,
  width: 0,
  /** The height of a row, and of a bar in it. */
  row: 26,
  bar: 18,
};

export const rows = data.rows.map((label) => ({ label, bars: /** @type {Bar[]} */ ([]) }));
for (const bar of data.bars) rows[bar.r]?.bars.push(bar);
for (const row of rows) row.bars.sort((a, b) => a.s - b.s);
export const failing = data.bars.filter((bar) => bar.f >= 1);

/**
 * The bars of each key in the order that was found.
 *
 * @type {Map<number, Bar[]>}
 */
export const orders = new Map();
for (const bar of data.bars) {
  if (bar.o === null) continue;
  const order = orders.get(bar.q) ?? [];
  orders.set(bar.q, order);
  order[bar.o - 1] = bar;
}

/**
 * The names of the rows above the lanes; "" continues the row before.
 *
 * @type {PageBand["kind"][] | ""[]}
 */
export const bandRows = [];
/** @type {Band[]} */
export const bands = [];
// Each kind has its own row, and another where two of it overlap. A moment needs room for its text.
for (const kind of /** @type {const} */ (["partition", "crash", "pause", "network", "info"])) {
  const first = bandRows.length;
  /** @type {number[]} */
  const ends = [];
  const some = data.bands.filter((band) => band.kind === kind).sort((a, b) => a.start - b.start);
  for (const band of some) {
    let row = ends.findIndex((end) => end <= band.start);
    if (row < 0) {
      row = ends.length;
      /** @type {string[]} */ (bandRows).push(row === 0 ? kind : "");
    }
    const isMoment = band.end === band.start;
    ends[row] = band.end + span * (isMoment ? 0.012 + band.text.length * 0.005 : 0.002);
    bands.push({ ...band, isMoment, row: first + row });
  }
}
export const topHeight = AXIS + (bandRows.length === 0 ? 0 : bandRows.length * BAND + 8);

/** @param {string} name */
export const color = (name) => getComputedStyle(page).getPropertyValue(`--${name}`).trim();

/**
 * A canvas as wide as the stage, empty.
 *
 * @param {HTMLElement} element
 * @param {number} height
 */
export function surface(element, height) {
  const canvas = /** @type {HTMLCanvasElement} */ (element);
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(view.width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("Cannot draw: the browser gives no canvas");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, view.width, height);
  pen.font = FONT;
  pen.textBaseline = "middle";
  return pen;
}

/** The width of the part that shows time. */
export const plot = () => view.width - GUTTER - RIGHT;
/** @param {number} time */
export const xOf = (time) => GUTTER + (time - view.from) / (view.to - view.from) * plot();
/** @param {number} x */
export const timeAt = (x) => view.from + (x - GUTTER) / plot() * (view.to - view.from);

/**
 * A time of the axis. All of them have one unit and as many digits as their distance needs.
 *
 * @param {number} ms
 * @param {number} step
 */
export function showTime(ms, step) {
  const isLong = step >= 1000 || (step >= 1 && Math.max(-data.from, data.to) >= 10_000);
  const unit = isLong ? 1000 : 1;
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9)));
  return `${(ms / unit).toFixed(digits)} ${isLong ? "s" : "ms"}`;
}

/**
 * Round times in view, far enough from each other for their texts.
 *
 * @param {CanvasRenderingContext2D} pen
 */
export function ticks(pen) {
  const widest = Math.max(
    ...[data.from, data.to].map((time) => pen.measureText(showTime(time, 1)).width),
  );
  const rough = (view.to - view.from) / Math.max(2, plot() / Math.max(110, widest * 1.6));
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((n) => n * power >= rough) ?? 10) * power;
  const times = [];
  for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) times.push(n * step);
  return { step, times };
}
