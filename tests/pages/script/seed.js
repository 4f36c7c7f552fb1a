/**
 * Draws the space-time diagram of a seed: a column for each node, time downwards, an arrow for each
 * message. Only what is in view is drawn, so that long runs stay fluid. Runs in a browser.
 *
 * @module
 */

import {
  canvasOf,
  element,
  freshCanvas,
  made,
  termColor,
  themeButton,
  themeColor,
} from "../../../cli/door/page/shared.js";

/** @typedef {import("../seed_data.ts").SeedMessage} SeedMessage */
/** @typedef {import("../seed_data.ts").SeedState} SeedState */
/** @typedef {import("../../../cli/door/page/shared.js").Brush} Brush */

/** @type {import("../seed_data.ts").SeedData} */
const seed = JSON.parse(element("data").textContent ?? "");
const stage = canvasOf("stage");
const overview = canvasOf("overview");
const whole = seed.to - seed.from;
const HEAD = 44;
const AXIS = 76;

/** What is in view. */
const look = { from: seed.from, to: seed.to, cursor: seed.to, width: 0, height: 0 };
const off = new Set();

/** The longest time a message was under way: no older one reaches into the view. */
const flightMax = seed.messages.reduce((most, { s, e }) => Math.max(most, e - s), 0);
/** Every moment at which something happened, in order. */
const moments = [
  ...new Set([
    ...seed.messages.flatMap(({ s, e }) => [s, e]),
    ...seed.states.flatMap((states) => states.map(({ t }) => t)),
    ...seed.bands.map(({ s }) => s),
  ]),
].sort((a, b) => a - b);

/** The first place of which `isBehind` is true. @param {number} length @param {(at: number) => boolean} isBehind */
function firstPlace(length, isBehind) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @param {number} node */
function columnX(node) {
  return AXIS + ((look.width - AXIS - 24) * (node + 0.5)) / seed.nodes.length;
}

/** @param {number} time */
function timeY(time) {
  return HEAD + ((time - look.from) / (look.to - look.from)) * (look.height - HEAD);
}

/** @param {number} y */
function timeAt(y) {
  return look.from + ((y - HEAD) / (look.height - HEAD)) * (look.to - look.from);
}

/** The state of a node at a moment. @param {number} node @param {number} time @returns {SeedState | null} */
function stateAt(node, time) {
  const states = seed.states[node] ?? [];
  return states[firstPlace(states.length, (at) => (states[at]?.t ?? 0) > time) - 1] ?? null;
}

/** @param {number} ms */
function clock(ms) {
  return look.to - look.from < 200 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** @param {Brush} brush */
function drawAxis(brush) {
  const room = (look.to - look.from) / Math.max(2, look.height / 70);
  const power = 10 ** Math.floor(Math.log10(room));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= room) ?? room;
  brush.font = '11px Inter, "Segoe UI", system-ui, sans-serif';
  brush.textAlign = "right";
  for (let time = Math.ceil(look.from / step) * step; time <= look.to; time += step) {
    const y = timeY(time);
    brush.fillStyle = themeColor("line");
    brush.fillRect(AXIS, y, look.width - AXIS - 12, 1);
    brush.fillStyle = themeColor("soft");
    brush.fillText(clock(time), AXIS - 12, y + 4);
  }
}

/** @param {Brush} brush @param {number} node */
function drawColumn(brush, node) {
  const x = columnX(node);
  const states = seed.states[node] ?? [];
  const first = Math.max(
    0,
    firstPlace(states.length, (at) => (states[at]?.t ?? 0) > look.from) - 1,
  );
  for (let at = first; at < states.length; at += 1) {
    const state = states[at];
    if (state === undefined || state.t > look.to) break;
    const y = Math.max(HEAD, timeY(state.t));
    const end = Math.min(look.height, timeY(states[at + 1]?.t ?? seed.to));
    const isLeader = state.role === "leader";
    const wide = isLeader ? 13 : state.role === "follower" ? 4 : 8;
    brush.fillStyle = termColor(state.term);
    brush.globalAlpha = state.role === "follower" ? 0.55 : 1;
    brush.fillRect(x - wide / 2, y, wide, Math.max(1, end - y));
    if (isLeader) {
      brush.globalAlpha = 1;
      brush.fillStyle = themeColor("gold");
      brush.fillRect(x - 2, y, 4, Math.max(1, end - y));
    }
  }
  brush.globalAlpha = 1;
}

/** Crashes, pauses and cuts. @param {Brush} brush */
function drawBands(brush) {
  for (const { s, e, links } of seed.cuts) {
    if (e < look.from || s > look.to) continue;
    const [y, end] = [Math.max(HEAD, timeY(s)), Math.min(look.height, timeY(e))];
    for (const [a, b] of links) {
      const [left, right] = [columnX(Math.min(a, b)), columnX(Math.max(a, b))];
      brush.fillStyle = themeColor("bad");
      brush.globalAlpha = 0.03;
      brush.fillRect(left, y, right - left, end - y);
    }
    brush.globalAlpha = 0.8;
    brush.fillRect(AXIS - 5, y, 4, Math.max(2, end - y));
  }
  const wide = Math.min(90, (look.width - AXIS) / seed.nodes.length - 10);
  for (const { kind, node, s, e, text } of seed.bands) {
    if (e < look.from || s > look.to) continue;
    const y = Math.max(HEAD, timeY(s));
    const x = node < 0 ? AXIS + 4 : columnX(node);
    if (kind === "note") {
      if (look.to - look.from > whole / 3 && text !== "hands over" && node >= 0) continue;
      labels.push({ text, x: node < 0 ? x : x + 12, y: y + 4, color: "soft" });
      continue;
    }
    const end = Math.min(look.height, timeY(e));
    brush.globalAlpha = 0.16;
    brush.fillStyle = themeColor(kind === "crash" ? "bad" : "unsaved");
    brush.fillRect(x - wide / 2, y, wide, Math.max(2, end - y));
    brush.globalAlpha = 1;
    if (end - y <= 14) continue;
    const [word, color] = kind === "crash" ? ["down", "bad"] : ["paused", "unsaved"];
    labels.push({ text: word, x: x + 10, y: y + 14, color });
  }
  brush.globalAlpha = 1;
}

/** Whether the messages of a kind, or of a node, are shown. @param {SeedMessage} message */
function isShown({ k, a, b }) {
  return !off.has(`kind ${k}`) && !off.has(`node ${a}`) && !off.has(`node ${b}`);
}

const KIND_COLORS = ["write", "soft", "read", "applied", "unsaved", "saved"];

/** The messages in view, at most as many as can be told apart. */
function messagesInView() {
  const { messages } = seed;
  const first = firstPlace(
    messages.length,
    (at) => (messages[at]?.s ?? 0) >= look.from - flightMax,
  );
  const found = [];
  for (let at = first; at < messages.length; at += 1) {
    const message = messages[at];
    if (message === undefined || message.s > look.to) break;
    if (message.e >= look.from && isShown(message)) found.push(message);
  }
  return found;
}

/** Where a message ends; one that is lost at once ends on its way. @param {SeedMessage} message */
function endX({ a, b, s, e, x }) {
  const share = x === 1 && e - s < 0.01 ? 0.35 : 1;
  return columnX(a) + (columnX(b) - columnX(a)) * share;
}

/** @param {Brush} brush @param {readonly SeedMessage[]} messages */
function drawMessages(brush, messages) {
  const isDense = messages.length > 1500;
  brush.lineWidth = isDense ? 0.6 : 1.2;
  for (const [kind] of seed.kinds.entries()) {
    brush.strokeStyle = brush.fillStyle = themeColor(
      KIND_COLORS[kind % KIND_COLORS.length] ?? "ink",
    );
    brush.globalAlpha = isDense ? 0.45 : 0.85;
    brush.beginPath();
    for (const message of messages) {
      const { k, a, s, e } = message;
      if (k !== kind) continue;
      brush.moveTo(columnX(a), timeY(s));
      brush.lineTo(endX(message), timeY(e));
    }
    brush.stroke();
    if (!isDense) {
      for (const message of messages) {
        if (message.k === kind && message.x === 0) arrow(brush, message);
      }
    }
  }
  brush.globalAlpha = 1;
  brush.strokeStyle = themeColor("bad");
  brush.lineWidth = 1.8;
  brush.beginPath();
  for (const message of messages) {
    if (message.x !== 1) continue;
    const [cx, cy] = [endX(message), timeY(message.e)];
    brush.moveTo(cx - 4, cy - 4);
    brush.lineTo(cx + 4, cy + 4);
    brush.moveTo(cx + 4, cy - 4);
    brush.lineTo(cx - 4, cy + 4);
  }
  brush.stroke();
}

/** The head of an arrow. @param {Brush} brush @param {SeedMessage} message */
function arrow(brush, { a, b, s, e }) {
  const [x1, y1, x2, y2] = [columnX(a), timeY(s), columnX(b), timeY(e)];
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const [x, y] = [x2 - 7 * Math.cos(angle), y2 - 7 * Math.sin(angle)];
  brush.beginPath();
  brush.moveTo(x, y);
  brush.lineTo(x - 8 * Math.cos(angle - 0.4), y - 8 * Math.sin(angle - 0.4));
  brush.lineTo(x - 8 * Math.cos(angle + 0.4), y - 8 * Math.sin(angle + 0.4));
  brush.fill();
}

/** More words than that leave no picture. */
const LABELS_MAX = 120;
/** Words beside what they name, drawn above the arrows. @type {{ readonly text: string, readonly x: number, readonly y: number, readonly color: string }[]} */
const labels = [];

/** @param {Brush} brush */
function drawLabels(brush) {
  brush.font = '11px Inter, "Segoe UI", system-ui, sans-serif';
  brush.textAlign = "left";
  brush.globalAlpha = 1;
  /** @type {(readonly [left: number, right: number, y: number])[]} */
  const taken = [];
  for (const { text, x, y: wanted, color } of labels.splice(0).slice(0, LABELS_MAX)) {
    const right = x + brush.measureText(text).width;
    let y = wanted;
    while (
      taken.some(([from, to, at]) => from < right + 8 && to > x - 8 && Math.abs(at - y) < 17)
    ) {
      y += 17;
    }
    taken.push([x, right, y]);
    brush.fillStyle = themeColor("card");
    brush.beginPath();
    brush.roundRect(x - 5, y - 11, right - x + 10, 16, 5);
    brush.fill();
    brush.fillStyle = themeColor(color);
    brush.fillText(text, x, y + 1);
  }
}

/** Names of the columns, and the cursor. @param {Brush} brush */
function drawFront(brush) {
  drawLabels(brush);
  brush.fillStyle = themeColor("card");
  brush.fillRect(0, 0, look.width, HEAD - 8);
  brush.textAlign = "center";
  seed.nodes.forEach((name, node) => {
    brush.font = '600 14px Inter, "Segoe UI", system-ui, sans-serif';
    brush.fillStyle = themeColor(off.has(`node ${node}`) ? "line" : "ink");
    brush.fillText(name, columnX(node), 18);
    const state = stateAt(node, look.cursor);
    brush.font = '11px Inter, "Segoe UI", system-ui, sans-serif';
    brush.fillStyle = themeColor("soft");
    if (state !== null) brush.fillText(`${state.role} ${state.term}`, columnX(node), 33);
  });
  const mark = (
    /** @type {number} */ time,
    /** @type {string} */ color,
    /** @type {string} */ text,
  ) => {
    if (time < look.from || time > look.to) return;
    brush.fillStyle = themeColor(color);
    brush.fillRect(AXIS - 4, timeY(time) - 0.75, look.width - AXIS, 1.5);
    brush.textAlign = "left";
    brush.fillText(text, 4, timeY(time) - 4);
  };
  mark(look.cursor, "ink", "");
  if (seed.failedAt !== null) mark(seed.failedAt, "bad", "violated");
}

function drawOverview() {
  const { brush, width, height } = freshCanvas(overview);
  const y = (/** @type {number} */ time) => ((time - seed.from) / whole) * height;
  const lane = width / seed.nodes.length;
  seed.states.forEach((states, node) => {
    states.forEach((state, at) => {
      brush.fillStyle = state.role === "leader" ? themeColor("gold") : termColor(state.term);
      brush.globalAlpha = state.role === "follower" ? 0.35 : 1;
      const end = states[at + 1]?.t ?? seed.to;
      brush.fillRect(node * lane + 1, y(state.t), lane - 2, Math.max(1, y(end) - y(state.t)));
    });
  });
  brush.globalAlpha = 0.5;
  brush.fillStyle = themeColor("bad");
  for (const { kind, node, s, e } of seed.bands) {
    if (kind !== "note") {
      brush.fillRect(Math.max(0, node) * lane, y(s), lane, Math.max(1, y(e) - y(s)));
    }
  }
  brush.globalAlpha = 1;
  brush.strokeStyle = themeColor("ink");
  brush.lineWidth = 1.5;
  brush.strokeRect(1, y(look.from), width - 2, Math.max(4, y(look.to) - y(look.from)));
}

const STRIP = 56;

/** The logs at the cursor. */
function drawLogs() {
  const { brush, width, height } = freshCanvas(canvasOf("logs"));
  const states = seed.nodes.map((_, node) => stateAt(node, look.cursor));
  const top = Math.max(1, ...states.map((state) => state?.last ?? 0));
  const first = Math.max(0, top - STRIP);
  const cell = (width - 40) / Math.max(12, top - first);
  const row = Math.min(30, height / seed.nodes.length);
  brush.font = '12px Inter, "Segoe UI", system-ui, sans-serif';
  brush.textAlign = "left";
  states.forEach((state, node) => {
    const y = node * row;
    brush.globalAlpha = 1;
    brush.fillStyle = themeColor("soft");
    brush.fillText(seed.nodes[node] ?? "", 0, y + row * 0.62);
    if (state === null) return;
    for (let index = first + 1; index <= state.last; index += 1) {
      const isApplied = index <= state.applied;
      const isCommitted = index <= state.commit;
      brush.fillStyle = themeColor(
        index <= state.base ? "line" : isApplied ? "applied" : isCommitted ? "saved" : "unsaved",
      );
      const tall = isCommitted ? row - 8 : row - 16;
      brush.beginPath();
      brush.roundRect(
        36 + (index - first - 1) * cell,
        y + (row - tall) / 2,
        Math.max(1.5, cell - 2),
        tall,
        2,
      );
      brush.fill();
    }
  });
}

/** What happens around the cursor, as text. */
function listEvents() {
  const list = element("events");
  const near = messagesInView()
    .filter(({ e, s }) => e >= look.cursor - 0.001 && s <= look.cursor + 0.001)
    .slice(0, 40);
  if (near.length === 0) {
    list.replaceChildren(made("li", "none", "None is under way at this moment."));
  } else {list.replaceChildren(...near.map(({ a, b, l, x }) => {
      const line = made("li", x === 1 ? "lost" : "");
      line.append(
        made("b", "", `${seed.nodes[a]} → ${seed.nodes[b]}`),
        made("span", "", ` ${l}${x === 1 ? " — lost" : ""}`),
      );
      return line;
    }));}
  element("now").textContent = `${look.cursor.toFixed(3)} ms`;
}

let isWaiting = false;

/** Draws everything before the next frame. */
function redraw() {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    const { brush, width, height } = freshCanvas(stage);
    look.width = width;
    look.height = height;
    drawAxis(brush);
    drawBands(brush);
    seed.nodes.forEach((_, node) => drawColumn(brush, node));
    drawMessages(brush, messagesInView());
    drawFront(brush);
    drawOverview();
    drawLogs();
    listEvents();
  });
}

/** Shows another part of the time, within the whole. @param {number} from @param {number} to */
function showTimes(from, to) {
  const length = Math.min(whole, Math.max(0.2, to - from));
  look.from = Math.min(Math.max(seed.from, from), seed.to - length);
  look.to = look.from + length;
  redraw();
}

/** @param {number} factor @param {number} around */
function zoom(factor, around) {
  showTimes(around - (around - look.from) * factor, around + (look.to - around) * factor);
}

/** Sets the cursor, and brings it into view. @param {number} time */
function setCursor(time) {
  look.cursor = Math.min(seed.to, Math.max(seed.from, time));
  const length = look.to - look.from;
  if (look.cursor < look.from || look.cursor > look.to) {
    showTimes(look.cursor - length / 2, look.cursor + length / 2);
  }
  redraw();
}

/** Goes to the next moment at which something happened, or back. @param {1 | -1} way */
function step(way) {
  const next = way > 0
    ? moments[firstPlace(moments.length, (at) => (moments[at] ?? 0) > look.cursor + 1e-6)]
    : moments[firstPlace(moments.length, (at) => (moments[at] ?? 0) >= look.cursor - 1e-6) - 1];
  if (next !== undefined) setCursor(next);
}

function goToFailure() {
  const time = seed.failedAt ?? seed.to;
  showTimes(time - Math.min(whole, 300), time + 10);
  setCursor(time);
}

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const length = look.to - look.from;
  if (event.ctrlKey || event.metaKey) zoom(1.0015 ** event.deltaY, timeAt(event.offsetY));
  else {showTimes(
      look.from + (event.deltaY / look.height) * length,
      look.to + (event.deltaY / look.height) * length,
    );}
}, { passive: false });
/** @type {{ readonly y: number, readonly from: number, readonly to: number } | null} */
let grip = null;
stage.addEventListener("pointerdown", (event) => {
  if (event.isTrusted) stage.setPointerCapture(event.pointerId);
  grip = { y: event.offsetY, from: look.from, to: look.to };
  setCursor(timeAt(event.offsetY));
});
stage.addEventListener("pointermove", (event) => {
  if (grip === null) return;
  const moved = ((event.offsetY - grip.y) / (look.height - HEAD)) * (grip.to - grip.from);
  showTimes(grip.from - moved, grip.to - moved);
});
stage.addEventListener("pointerup", () => grip = null);
const scrub = (/** @type {PointerEvent} */ event) => {
  if (event.buttons === 0) return;
  const time = seed.from + (event.offsetY / overview.clientHeight) * whole;
  const half = (look.to - look.from) / 2;
  showTimes(time - half, time + half);
  setCursor(time);
};
overview.addEventListener("pointerdown", scrub);
overview.addEventListener("pointermove", scrub);

/** @type {Record<string, () => void>} */
const KEYS = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  PageDown: () => setCursor(look.cursor + (look.to - look.from) / 2),
  PageUp: () => setCursor(look.cursor - (look.to - look.from) / 2),
  "+": () => zoom(0.6, look.cursor),
  "=": () => zoom(0.6, look.cursor),
  "-": () => zoom(1 / 0.6, look.cursor),
  0: () => showTimes(seed.from, seed.to),
  f: goToFailure,
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) {
    return;
  }
  const work = KEYS[event.key];
  if (work === undefined) return;
  event.preventDefault();
  work();
});
for (
  const [id, work] of /** @type {[string, () => void][]} */ ([
    ["next", () => step(1)],
    ["previous", () => step(-1)],
    ["in", () => zoom(0.6, look.cursor)],
    ["out", () => zoom(1 / 0.6, look.cursor)],
    ["fit", () => showTimes(seed.from, seed.to)],
    ["failure", goToFailure],
  ])
) element(id).addEventListener("click", work);

/** A switch for what is shown. @param {string} place @param {string} name @param {string} text @param {string} color */
function addFilter(place, name, text, color) {
  const label = made("label", "filter");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = true;
  box.addEventListener("change", () => {
    if (box.checked) off.delete(name);
    else off.add(name);
    redraw();
  });
  label.append(box);
  if (color !== "") {
    const swatch = made("i", "");
    swatch.style.background = `var(--${color})`;
    label.append(swatch);
  }
  label.append(made("span", "", text));
  element(place).append(label);
}
seed.kinds.forEach((kind, at) =>
  addFilter("kinds", `kind ${at}`, kind, KIND_COLORS[at % KIND_COLORS.length] ?? "")
);
seed.nodes.forEach((name, at) => addFilter("nodes", `node ${at}`, name, ""));
themeButton("theme", redraw);
new ResizeObserver(redraw).observe(stage);
if (seed.failedAt !== null) goToFailure();
redraw();
