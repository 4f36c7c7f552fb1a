/**
 * Moves and zooms the timeline page, and tells what is under the pointer. Runs in a browser. All
 * text of the history goes through `textContent`.
 *
 * @module
 */

import { byId, data, failing, GUTTER, plot, rows, span, stage, view, xOf } from "./view.js";
import { draw } from "./drawing.js";

/** @typedef {import("../page_data.ts").Bar} Bar */
/** @typedef {readonly [text: string, tag: "b" | "span", className?: string]} TipLine */

/** In pixels: a failing bar of this width is easy to see and to point at. */
const WIDTH_MIN = 24;

/** @param {number} from @param {number} to */
export function show(from, to) {
  const least = Math.min(span, Math.max(span * 1e-6, 0.002));
  const size = Math.min(Math.max(to - from, least), span);
  view.from = Math.min(Math.max((from + to - size) / 2, data.from), data.to - size);
  view.to = view.from + size;
  draw();
}

export const showAll = () => show(data.from, data.to);

/** @param {number} factor @param {number} at */
export const zoom = (factor, at) =>
  show(at - (at - view.from) * factor, at + (view.to - at) * factor);

/** @param {number} part of what is in view */
export function move(part) {
  const by = (view.to - view.from) * part;
  show(view.from + by, view.to + by);
}

/** Shows the failing part with its neighbours; everything, if the part is easy to see then. */
export function showFailure() {
  const culprit = failing.find((bar) => bar.f === 2);
  if (culprit === undefined) return;
  const shortest = Math.min(...failing.map((bar) => bar.e - bar.s));
  if (shortest / span * plot() >= WIDTH_MIN) showAll();
  else showAround(culprit);
  stage.scrollTop = culprit.r * view.row - stage.clientHeight / 2;
}

/** @param {Bar} culprit */
function showAround(culprit) {
  const from = Math.min(...failing.map((bar) => bar.s));
  const to = Math.max(...failing.map((bar) => bar.e));
  const length = to - from || span / data.bars.length;
  const limit = length * 12;
  // Neighbours on the same key are shown too, as long as the bars remain readable.
  const order = data.bars.filter((bar) => bar.q === culprit.q).sort((a, b) => a.s - b.s);
  const first = order.findIndex((bar) => bar.f >= 1);
  const last = order.findLastIndex((bar) => bar.f >= 1);
  const before = order[Math.max(0, first - 5)]?.s ?? from;
  const after = order[Math.min(order.length - 1, last + 4)]?.e ?? to;
  const start = Math.min(Math.max(before, from - limit), from - length * 2) - length / 2;
  const end = Math.max(Math.min(after, to + limit), to + length * 2) + length / 2;
  show(Math.max(start, data.from), Math.min(end, data.to));
}

/** @param {MouseEvent} event */
export function barUnder(event) {
  const box = stage.getBoundingClientRect();
  const row = rows[Math.floor((event.clientY - box.top + stage.scrollTop) / view.row)];
  const x = event.clientX - box.left;
  if (row === undefined || x < GUTTER) return null;
  /** @type {Bar | null} */
  let best = null;
  let distance = 4;
  for (const bar of row.bars) {
    const off = Math.max(xOf(bar.s) - x, x - Math.max(xOf(bar.e), xOf(bar.s) + 2.5), 0);
    if (off < distance || (off === 0 && best !== null && bar.f > best.f)) {
      best = bar;
      distance = off;
    }
  }
  return best;
}

export const tip = byId("tip");

/** @param {MouseEvent} event @param {readonly TipLine[]} lines */
export function showTip(event, lines) {
  tip.replaceChildren(...lines.map(([text, tag, className = ""]) => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = className;
    return element;
  }));
  tip.hidden = false;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18;
  const y = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : below;
  tip.style.left = `${x}px`;
  tip.style.top = `${y}px`;
}

/** @param {number} ms */
export const exact = (ms) => String(Number(ms.toFixed(3)));

/**
 * @param {Bar} bar
 * @returns {TipLine[]}
 */
export function describe(bar) {
  // A client that does several things at once has several rows, of which the first has its name.
  const label = rows.slice(0, bar.r + 1).findLast((row) => row.label !== "")?.label ?? "";
  const isOpen = bar.k === "unknown";
  const times = `from ${exact(bar.s)} to ${isOpen ? "?" : exact(bar.e)} ms`;
  const length = isOpen ? ", unknown outcome" : ` (${exact(bar.e - bar.s)} ms)`;
  const place = bar.o === null
    ? "not in the longest order found"
    : `number ${bar.o} in the order found`;
  /** @type {TipLine[]} */
  const lines = [
    [bar.l, "b"],
    [`${label}, ${times}${length}`, "span"],
    [`key ${data.keys[bar.q]?.key ?? ""}, ${place}`, "span"],
  ];
  if (bar.f === 2) lines.push(["The history becomes impossible when this returns", "span", "bad"]);
  if (bar.f === 1) lines.push(["Part of the contradiction", "span", "bad"]);
  if (bar.f === 0.5) lines.push(["May have taken effect or not; it does not help", "span", "bad"]);
  return lines;
}
