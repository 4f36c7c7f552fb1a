/**
 * What the timeline page does in the browser: draw, zoom, move, and tell what is under the pointer.
 * A string, since it runs elsewhere; plain JavaScript without any library.
 *
 * Drawing is on canvases that are as large as what is seen, so ten thousand operations cost no more
 * than the bars in view. All text of the history goes through `fillText` and `textContent`.
 *
 * @module
 */

/** The content of the page's script element. */
export const timelineScript = String.raw`
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
addEventListener("error", (event) => { root.dataset.error = event.message; });

const GUTTER = 88, RIGHT = 18, AXIS = 30, BAND = 21, MAP = 42;
let ROW = 26, BAR = 18;
const FONT = '11.5px Inter, "Segoe UI", system-ui, sans-serif';
const stage = byId("stage"), tip = byId("tip");
const view = { from: 0, to: data.span };
let chosenKey = -1, hovered = null, colors = {}, width = 0;

const rows = data.rows.map((label) => ({ label, bars: [] }));
for (const bar of data.bars) rows[bar.r].bars.push(bar);
for (const row of rows) row.bars.sort((a, b) => a.s - b.s);
const failing = data.bars.filter((bar) => bar.f >= 1);
const orders = new Map();
for (const bar of data.bars) {
  if (bar.o === null) continue;
  if (!orders.has(bar.q)) orders.set(bar.q, []);
  orders.get(bar.q)[bar.o - 1] = bar;
}
// Each kind has its own row, and another where two of it overlap. A moment needs room for its text.
const bandRows = [];
const bands = [];
for (const kind of ["partition", "crash", "pause", "network", "info"]) {
  const first = bandRows.length, ends = [];
  for (const band of data.bands.filter((item) => item.kind === kind).sort((a, b) => a.start - b.start)) {
    let row = ends.findIndex((end) => end <= band.start);
    if (row < 0) { row = ends.length; bandRows.push(row ? "" : kind); }
    const isMoment = band.end === band.start;
    ends[row] = band.end + data.span * (isMoment ? 0.012 + band.text.length * 0.005 : 0.002);
    bands.push({ ...band, isMoment, row: first + row });
  }
}
const topHeight = AXIS + (bandRows.length ? bandRows.length * BAND + 8 : 0);

function readColors() {
  const style = getComputedStyle(root);
  for (const name of ["page", "card", "ink", "soft", "faint", "stripe", "read", "write", "refused", "unknown",
    "fail", "failsoft", "onread", "onwrite", "onrefused", "onunknown", "onfail", "partition", "crash",
    "pause", "network", "info", "point"]) colors[name] = style.getPropertyValue("--" + name).trim();
}
function surface(canvas, height) {
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = FONT;
  pen.textBaseline = "middle";
  return pen;
}
const plot = () => width - GUTTER - RIGHT;
const xOf = (time) => GUTTER + (time - view.from) / (view.to - view.from) * plot();
const timeAt = (x) => view.from + (x - GUTTER) / plot() * (view.to - view.from);
function round(pen, x, y, w, h, r) {
  pen.beginPath();
  pen.roundRect(x, y, w, h, Math.min(r, w / 2));
}
function fit(pen, text, room) {
  if (room < 14) return "";
  const each = pen.measureText("0").width * 0.94;
  if (pen.measureText(text).width <= room) return text;
  const count = Math.floor(room / each) - 1;
  return count < 2 ? "" : text.slice(0, count) + "…";
}
function showTime(ms, step) {
  if (step >= 1000) return (ms / 1000).toFixed(step % 1000 ? 1 : 0) + " s";
  if (step >= 1) return ms >= 10000 ? (ms / 1000).toFixed(3) + " s" : ms.toFixed(0) + " ms";
  return ms.toFixed(Math.min(3, Math.ceil(-Math.log10(step)))) + " ms";
}
function steps() {
  const rough = (view.to - view.from) / Math.max(2, plot() / 110);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const times = [];
  for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) times.push(n * step);
  return { step, times };
}

function drawTop() {
  const pen = surface(byId("top"), topHeight);
  const { step, times } = steps();
  pen.textAlign = "center";
  for (const time of times) {
    pen.fillStyle = colors.faint;
    pen.fillRect(xOf(time), AXIS - 7, 1, topHeight);
    pen.fillStyle = colors.soft;
    const text = showTime(time, step), half = pen.measureText(text).width / 2;
    if (xOf(time) - half < GUTTER - 20) continue;
    pen.fillText(text, Math.min(xOf(time), width - half - 6), AXIS / 2 - 1);
  }
  pen.textAlign = "left";
  for (const band of bands) {
    const from = Math.max(xOf(band.start), GUTTER), to = Math.min(xOf(band.end), width - RIGHT + 10);
    if (xOf(band.end) < GUTTER || from > width) continue;
    const y = AXIS + 2 + band.row * BAND, w = Math.max(to - from, 3), h = BAND - 3;
    if (!band.isMoment) {
      pen.fillStyle = colors.card;
      pen.fillRect(from, y, w, h);
      pen.fillStyle = colors[band.kind];
      pen.globalAlpha = 0.22;
      round(pen, from, y, w, h, 4);
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.fillStyle = colors[band.kind];
    pen.fillRect(from, y, 3, h);
    pen.fillStyle = colors.ink;
    pen.fillText(fit(pen, band.text, band.isMoment ? 240 : w - 14), from + 9, y + h / 2 + 0.5);
  }
  pen.fillStyle = colors.card;
  pen.fillRect(0, 0, GUTTER - 4, topHeight);
  for (const [row, kind] of bandRows.entries()) {
    pen.fillStyle = colors[kind || "soft"];
    pen.fillText(kind, 16, AXIS + 2 + row * BAND + (BAND - 3) / 2 + 0.5);
  }
}

function barStyle(bar) {
  if (bar.f >= 1) return [colors.fail, colors.onfail];
  return [colors[bar.k], colors["on" + bar.k]];
}
function drawBar(pen, bar, y) {
  const x = xOf(bar.s), w = Math.max(xOf(bar.e) - x, 2.5), top = y + (ROW - BAR) / 2;
  const [fill, ink] = barStyle(bar);
  const isDim = chosenKey >= 0 && bar.q !== chosenKey;
  pen.globalAlpha = isDim ? 0.2 : 1;
  if (bar.k === "unknown" && bar.f < 1) {
    const shade = pen.createLinearGradient(x, 0, x + w, 0);
    shade.addColorStop(0, fill);
    shade.addColorStop(Math.min(1, 60 / w), fill);
    shade.addColorStop(1, "transparent");
    pen.fillStyle = shade;
  } else pen.fillStyle = fill;
  if (w < 6) pen.fillRect(x, top, w, BAR);
  else { round(pen, x, top, w - 0.5, BAR, 4); pen.fill(); }
  if (bar.f === 0.5 || bar === hovered) {
    pen.strokeStyle = bar === hovered ? colors.ink : colors.fail;
    pen.lineWidth = 1.5;
    if (bar.f === 0.5) pen.setLineDash([3, 2]);
    round(pen, x + 0.5, top + 0.5, Math.max(w - 1.5, 2), BAR - 1, 4);
    pen.stroke();
    pen.setLineDash([]);
  }
  if (bar.f === 2) {
    pen.strokeStyle = colors.fail;
    pen.lineWidth = 2;
    round(pen, x - 3.5, top - 3, w + 6.5, BAR + 6, 6);
    pen.stroke();
  }
  if (isDim) { pen.globalAlpha = 1; return; }
  const from = Math.max(x, GUTTER) + 8, room = x + w - from - 4;
  // What a read saw says more than what it asked.
  const isLong = bar.k === "read" && room < 260 && pen.measureText(bar.l).width > room;
  const text = fit(pen, isLong ? bar.l.slice(bar.l.lastIndexOf("→") + 1).trim() : bar.l, room);
  if (text) { pen.fillStyle = ink; pen.fillText(text, from, y + ROW / 2 + 0.5); }
  if (bar.p !== null && w > 6) drawPoint(pen, Math.min(Math.max(xOf(bar.p), x + 3), x + w - 3), top + BAR);
}
/** The moment of effect sits on the lower edge, where it hides no text. */
function drawPoint(pen, x, y) {
  pen.beginPath();
  pen.moveTo(x, y - 4);
  pen.lineTo(x + 4, y);
  pen.lineTo(x, y + 4);
  pen.lineTo(x - 4, y);
  pen.closePath();
  pen.fillStyle = colors.point;
  pen.fill();
  pen.strokeStyle = colors.card;
  pen.lineWidth = 1;
  pen.stroke();
}
function drawOrder(pen, offset) {
  const order = hovered && hovered.o !== null ? orders.get(hovered.q) : null;
  if (!order) return;
  pen.strokeStyle = colors.ink;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let n = Math.max(0, hovered.o - 7); n < Math.min(order.length, hovered.o + 6); n++) {
    const bar = order[n], x = xOf(bar.p), y = bar.r * ROW - offset + (ROW + BAR) / 2;
    pen.lineTo(x, y);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}
function drawLanes() {
  const height = stage.clientHeight, offset = stage.scrollTop;
  byId("space").style.height = Math.max(rows.length * ROW + 8, 1) + "px";
  const pen = surface(byId("lanes"), height);
  const first = Math.max(0, Math.floor(offset / ROW)), last = Math.min(rows.length, Math.ceil((offset + height) / ROW));
  for (let n = first; n < last; n += 1) {
    if (n % 2) continue;
    pen.fillStyle = colors.stripe;
    pen.fillRect(0, n * ROW - offset, width, ROW);
  }
  for (const band of bands) {
    if (band.kind === "info") continue;
    const from = Math.max(xOf(band.start), GUTTER), to = xOf(band.end);
    pen.fillStyle = colors[band.kind];
    pen.globalAlpha = 0.05;
    if (to > from) pen.fillRect(from, 0, to - from, height);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = colors.faint;
  for (const time of steps().times) pen.fillRect(xOf(time), 0, 1, height);
  let drawn = 0;
  for (let n = first; n < last; n++) {
    const y = n * ROW - offset;
    let filledTo = -1;
    for (const bar of rows[n].bars) {
      if (bar.s > view.to) break;
      if (bar.e < view.from) continue;
      // Where bars are thinner than the eye can tell, one stands for all of the same pixel.
      const to = Math.max(xOf(bar.e), xOf(bar.s) + 2.5);
      if (bar.f === 0 && to <= filledTo + 0.5) continue;
      filledTo = to;
      drawBar(pen, bar, y);
      drawn++;
    }
    for (const bar of rows[n].bars) if (bar.f >= 1 && bar.e >= view.from && bar.s <= view.to) drawBar(pen, bar, y);
  }
  drawOrder(pen, offset);
  pen.fillStyle = colors.card;
  pen.fillRect(0, 0, GUTTER - 4, height);
  for (let n = first; n < last; n++) {
    if (!rows[n].label) continue;
    pen.fillStyle = rows[n].bars.some((bar) => bar.f >= 1) ? colors.fail : colors.soft;
    pen.fillText(rows[n].label, 16, n * ROW - offset + ROW / 2 + 0.5);
  }
  root.dataset.drawn = String(drawn);
}

const buckets = (() => {
  const counts = new Float64Array(240);
  for (const bar of data.bars) counts[Math.min(239, Math.floor(bar.s / data.span * 240))]++;
  const most = Math.max(1, ...counts);
  return [...counts].map((count) => count / most);
})();
function drawMap() {
  const pen = surface(byId("map"), MAP), scale = plot() / data.span;
  pen.fillStyle = colors.write;
  pen.globalAlpha = 0.35;
  const w = plot() / 240;
  for (let n = 0; n < 240; n++) {
    const h = buckets[n] * (MAP - 14);
    pen.fillRect(GUTTER + n * w, MAP - 5 - h, Math.max(w - 0.6, 0.6), h);
  }
  pen.globalAlpha = 1;
  for (const band of bands) {
    pen.fillStyle = colors[band.kind];
    pen.fillRect(GUTTER + band.start * scale, 3, Math.max((band.end - band.start) * scale, 2), 3);
  }
  pen.fillStyle = colors.fail;
  for (const bar of failing) pen.fillRect(GUTTER + bar.s * scale - 1, 8, Math.max(3, (bar.e - bar.s) * scale), MAP - 12);
  const from = GUTTER + view.from * scale, to = GUTTER + view.to * scale;
  pen.fillStyle = colors.ink;
  pen.globalAlpha = 0.08;
  pen.fillRect(GUTTER, 0, from - GUTTER, MAP);
  pen.fillRect(to, 0, width - RIGHT - to, MAP);
  pen.globalAlpha = 1;
  pen.strokeStyle = colors.soft;
  pen.lineWidth = 1;
  round(pen, from + 0.5, 1.5, Math.max(to - from - 1, 4), MAP - 3, 4);
  pen.stroke();
  pen.fillStyle = colors.soft;
  pen.fillText("overview", 16, MAP / 2);
}

let isQueued = false;
function draw() {
  if (isQueued) return;
  isQueued = true;
  requestAnimationFrame(drawNow);
}
function drawNow() {
  isQueued = false;
  width = stage.clientWidth;
  ROW = Math.min(38, Math.max(26, Math.floor((stage.clientHeight - 8) / Math.max(rows.length, 1))));
  BAR = Math.min(22, ROW - 8);
  drawTop();
  drawLanes();
  drawMap();
}
function show(from, to) {
  const least = Math.min(data.span, Math.max(data.span * 1e-6, 0.002));
  let size = Math.min(Math.max(to - from, least), data.span);
  const start = Math.min(Math.max((from + to - size) / 2, 0), data.span - size);
  view.from = start;
  view.to = start + size;
  draw();
}
const zoom = (factor, at) => show(at - (at - view.from) * factor, at + (view.to - at) * factor);
const middle = () => (view.from + view.to) / 2;
const move = (part) => { const by = (view.to - view.from) * part; show(view.from + by, view.to + by); };
function showFailure() {
  if (!failing.length) return;
  let from = Math.min(...failing.map((bar) => bar.s)), to = Math.max(...failing.map((bar) => bar.e));
  const length = to - from || data.span / data.bars.length, limit = length * 12;
  // With some neighbours on the same key, as long as the bars remain readable.
  const order = data.bars.filter((bar) => bar.q === failing[0].q).sort((a, b) => a.s - b.s);
  const first = order.findIndex((bar) => bar.f >= 1), last = order.findLastIndex((bar) => bar.f >= 1);
  const before = Math.max(order[Math.max(0, first - 5)].s, from - limit);
  const after = Math.min(order[Math.min(order.length - 1, last + 4)].e, to + limit);
  from = Math.min(before, from - length * 2) - length / 2;
  to = Math.max(after, to + length * 2) + length / 2;
  show(Math.max(from, 0), Math.min(to, data.span));
  const row = failing.find((bar) => bar.f === 2).r;
  stage.scrollTop = row * ROW - stage.clientHeight / 2;
}

function barUnder(event) {
  const box = stage.getBoundingClientRect();
  const row = rows[Math.floor((event.clientY - box.top + stage.scrollTop) / ROW)];
  const x = event.clientX - box.left;
  if (!row || x < GUTTER) return null;
  let best = null, distance = 4;
  for (const bar of row.bars) {
    const off = Math.max(xOf(bar.s) - x, x - Math.max(xOf(bar.e), xOf(bar.s) + 2.5), 0);
    if (off < distance || (off === 0 && best && bar.f > best.f)) { best = bar; distance = off; }
  }
  return best;
}
function line(text, tag, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  tip.append(element);
}
function showTip(event, lines) {
  tip.replaceChildren();
  for (const [text, tag, className] of lines) line(text, tag, className);
  tip.hidden = false;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const below = event.clientY + 18;
  const y = below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : below;
  tip.style.left = x + "px";
  tip.style.top = y + "px";
}
function describe(bar) {
  const key = data.keys[bar.q] || { key: "" };
  const number = (value) => String(Number(value.toFixed(3)));
  let label = "";
  for (let n = bar.r; n >= 0 && !label; n--) label = rows[n].label;
  const lines = [[bar.l, "b"]];
  lines.push([label + ", from " + number(bar.s) + " to " + (bar.k === "unknown" ? "?" : number(bar.e)) + " ms" +
    (bar.k === "unknown" ? ", unknown outcome" : " (" + number(bar.e - bar.s) + " ms)"), "span"]);
  lines.push(["key " + key.key + (bar.o === null ? ", not in the longest order found" : ", number " + bar.o + " in the order found"), "span"]);
  if (bar.f === 2) lines.push(["The history becomes impossible when this returns", "span", "bad"]);
  else if (bar.f === 1) lines.push(["Part of the contradiction", "span", "bad"]);
  else if (bar.f === 0.5) lines.push(["May have taken effect or not; it does not help", "span", "bad"]);
  return lines;
}

let drag = null;
stage.addEventListener("pointerdown", (event) => {
  drag = { x: event.clientX, y: event.clientY, from: view.from, to: view.to, top: stage.scrollTop };
  stage.setPointerCapture(event.pointerId);
  stage.classList.add("dragging");
});
stage.addEventListener("pointermove", (event) => {
  if (drag) {
    const by = (drag.x - event.clientX) / plot() * (drag.to - drag.from);
    stage.scrollTop = drag.top + drag.y - event.clientY;
    tip.hidden = true;
    show(drag.from + by, drag.to + by);
    return;
  }
  const bar = barUnder(event);
  if (bar) showTip(event, describe(bar));
  else tip.hidden = true;
  if (bar !== hovered) { hovered = bar; draw(); }
});
for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, () => { drag = null; stage.classList.remove("dragging"); });
}
stage.addEventListener("pointerleave", () => { hovered = null; tip.hidden = true; draw(); });
stage.addEventListener("scroll", draw);
stage.addEventListener("dblclick", (event) => zoom(0.4, timeAt(event.clientX - stage.getBoundingClientRect().left)));
stage.addEventListener("wheel", (event) => {
  const isTall = rows.length * ROW > stage.clientHeight;
  if (event.ctrlKey || event.metaKey || (!isTall && !event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX))) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.002), timeAt(event.clientX - stage.getBoundingClientRect().left));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    move((event.deltaX || event.deltaY) / plot());
  }
}, { passive: false });
byId("top").addEventListener("pointermove", (event) => {
  const box = byId("top").getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const band = bands.find((item) => y >= AXIS + item.row * BAND && y < AXIS + (item.row + 1) * BAND &&
    x >= xOf(item.start) - 2 && x <= Math.max(xOf(item.end), xOf(item.start) + 6));
  if (!band) { tip.hidden = true; return; }
  const times = "from " + Number(band.start.toFixed(3)) + " to " + Number(band.end.toFixed(3)) + " ms";
  showTip(event, [[band.kind + "  " + band.text, "b"], [times, "span"]]);
});
byId("top").addEventListener("pointerleave", () => { tip.hidden = true; });
const map = byId("map");
function moveTo(event) {
  const at = (event.clientX - map.getBoundingClientRect().left - GUTTER) / plot() * data.span;
  const half = (view.to - view.from) / 2;
  show(at - half, at + half);
}
map.addEventListener("pointerdown", (event) => { map.setPointerCapture(event.pointerId); moveTo(event); });
map.addEventListener("pointermove", (event) => { if (event.buttons) moveTo(event); });

const keyChoice = byId("key");
const names = [["all", -1], ...data.keys.map(({ key, verdict }, n) => [(key || "(empty)") + (verdict === "ok" ? "" : " — " + verdict), n])];
for (const [name, value] of names) {
  const option = document.createElement("option");
  option.textContent = name;
  option.value = String(value);
  keyChoice.append(option);
}
keyChoice.addEventListener("change", () => { chosenKey = Number(keyChoice.value); draw(); });
byId("fit").addEventListener("click", () => show(0, data.span));
byId("focus").addEventListener("click", showFailure);
byId("in").addEventListener("click", () => zoom(0.6, middle()));
byId("out").addEventListener("click", () => zoom(1 / 0.6, middle()));
addEventListener("keydown", (event) => {
  if (event.target === keyChoice || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = { "+": () => zoom(0.6, middle()), "=": () => zoom(0.6, middle()), "-": () => zoom(1 / 0.6, middle()),
    "0": () => show(0, data.span), f: showFailure, ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2) };
  if (actions[event.key]) { actions[event.key](); event.preventDefault(); }
});
function setTheme(name) { root.dataset.theme = name; readColors(); draw(); }
const isDark = matchMedia("(prefers-color-scheme: dark)");
setTheme(isDark.matches ? "dark" : "light");
isDark.addEventListener("change", () => setTheme(isDark.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
// Observers run before the frame is painted: no blink, and no frame of the wrong size.
new ResizeObserver(drawNow).observe(stage);
if (failing.length && data.keys.length > 1) {
  chosenKey = failing[0].q;
  keyChoice.value = String(chosenKey);
}
drawNow();
showFailure();
drawNow();
root.dataset.rendered = data.bars.length + " operations, " + rows.length + " rows, " + bands.length + " bands";
})();
`;
