/**
 * The timeline page in the browser: joins what the user does with what is drawn, and draws for the
 * first time. Plain JavaScript without any library; `page_script.ts` puts it into the page.
 *
 * @module
 */

import {
  AXIS,
  BAND,
  bands,
  byId,
  data,
  failing,
  GUTTER,
  mapCanvas,
  page,
  plot,
  rows,
  span,
  stage,
  timeAt,
  topCanvas,
  view,
  xOf,
} from "./view.js";
import { draw, drawNow, readColors } from "./drawing.js";
import {
  barUnder,
  describe,
  exact,
  move,
  show,
  showAll,
  showFailure,
  showTip,
  tip,
  zoom,
} from "./moving.js";

addEventListener("error", (event) => {
  page.dataset["error"] = event.message;
});

/** @type {{ x: number, y: number, from: number, to: number, top: number } | null} */
let drag = null;
stage.addEventListener("pointerdown", (event) => {
  const { from, to } = view;
  drag = { x: event.clientX, y: event.clientY, from, to, top: stage.scrollTop };
  stage.setPointerCapture(event.pointerId);
  stage.classList.add("dragging");
});
stage.addEventListener("pointermove", (event) => {
  if (drag !== null) {
    const by = (drag.x - event.clientX) / plot() * (drag.to - drag.from);
    stage.scrollTop = drag.top + drag.y - event.clientY;
    tip.hidden = true;
    show(drag.from + by, drag.to + by);
    return;
  }
  const bar = barUnder(event);
  if (bar === null) tip.hidden = true;
  else showTip(event, describe(bar));
  if (bar === view.hovered) return;
  view.hovered = bar;
  draw();
});
const stopDragging = () => {
  drag = null;
  stage.classList.remove("dragging");
};
stage.addEventListener("pointerup", stopDragging);
stage.addEventListener("pointercancel", stopDragging);
stage.addEventListener("pointerleave", () => {
  view.hovered = null;
  tip.hidden = true;
  draw();
});
stage.addEventListener("scroll", draw);

/** @param {MouseEvent} event */
const timeOf = (event) => timeAt(event.clientX - stage.getBoundingClientRect().left);
stage.addEventListener("dblclick", (event) => zoom(0.4, timeOf(event)));
stage.addEventListener("wheel", (event) => {
  const isTall = rows.length * view.row > stage.clientHeight;
  const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (event.ctrlKey || event.metaKey || (!isTall && !isSideways)) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * 0.002), timeOf(event));
  } else if (isSideways) {
    event.preventDefault();
    move((event.deltaX || event.deltaY) / plot());
  }
}, { passive: false });

topCanvas.addEventListener("pointermove", (event) => {
  const box = topCanvas.getBoundingClientRect();
  const x = event.clientX - box.left;
  const y = event.clientY - box.top;
  const band = bands.find((each) =>
    y >= AXIS + each.row * BAND && y < AXIS + (each.row + 1) * BAND &&
    x >= xOf(each.start) - 2 && x <= Math.max(xOf(each.end), xOf(each.start) + 6)
  );
  if (band === undefined) {
    tip.hidden = true;
    return;
  }
  const times = `from ${exact(band.start)} to ${exact(band.end)} ms`;
  showTip(event, [[`${band.kind}  ${band.text}`, "b"], [times, "span"]]);
});
topCanvas.addEventListener("pointerleave", () => {
  tip.hidden = true;
});

/** @param {MouseEvent} event */
function moveTo(event) {
  const x = event.clientX - mapCanvas.getBoundingClientRect().left;
  const at = data.from + (x - GUTTER) / plot() * span;
  const half = (view.to - view.from) / 2;
  show(at - half, at + half);
}
mapCanvas.addEventListener("pointerdown", (event) => {
  mapCanvas.setPointerCapture(event.pointerId);
  moveTo(event);
});
mapCanvas.addEventListener("pointermove", (event) => {
  if (event.buttons !== 0) moveTo(event);
});

const keyChoice = /** @type {HTMLSelectElement} */ (byId("key"));
const names = data.keys.map(({ key, verdict }) =>
  `${key === "" ? "(empty)" : key}${verdict === "ok" ? "" : ` — ${verdict}`}`
);
for (const [at, name] of ["all", ...names].entries()) {
  keyChoice.append(new Option(name, String(at - 1)));
}
keyChoice.addEventListener("change", () => {
  view.key = Number(keyChoice.value);
  draw();
});

const zoomIn = () => zoom(0.6, (view.from + view.to) / 2);
const zoomOut = () => zoom(1 / 0.6, (view.from + view.to) / 2);
byId("fit").addEventListener("click", showAll);
byId("focus").addEventListener("click", showFailure);
byId("in").addEventListener("click", zoomIn);
byId("out").addEventListener("click", zoomOut);
/** @type {Record<string, () => void>} */
const actions = {
  "+": zoomIn,
  "=": zoomIn,
  "-": zoomOut,
  "0": showAll,
  f: showFailure,
  ArrowLeft: () => move(-0.2),
  ArrowRight: () => move(0.2),
};
addEventListener("keydown", (event) => {
  if (event.target === keyChoice || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = actions[event.key];
  if (action === undefined) return;
  action();
  event.preventDefault();
});

/** @param {"dark" | "light"} name */
function setTheme(name) {
  page.dataset["theme"] = name;
  readColors();
  draw();
}
const isDark = matchMedia("(prefers-color-scheme: dark)");
const useSystemTheme = () => setTheme(isDark.matches ? "dark" : "light");
useSystemTheme();
isDark.addEventListener("change", useSystemTheme);
byId("theme").addEventListener("click", () => {
  setTheme(page.dataset["theme"] === "dark" ? "light" : "dark");
});

// Observers run before the frame is painted: no blink, and no frame of the wrong size.
new ResizeObserver(drawNow).observe(stage);
const [firstFailing] = failing;
if (firstFailing !== undefined && data.keys.length > 1) {
  view.key = firstFailing.q;
  keyChoice.value = String(view.key);
}
drawNow();
showFailure();
drawNow();
page.dataset["rendered"] =
  `${data.bars.length} operations, ${rows.length} rows, ${bands.length} bands`;
