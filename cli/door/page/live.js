/**
 * The live page: takes states from the server and draws them.
 *
 * @module
 */

import { drawCards, drawStrips } from "./cards.js";
import { act, follow } from "./connection.js";
import { browseKeys } from "./keys.js";
import { addPoint, drawPlots } from "./plots.js";
import { drawRing, leaderOf, moveEntries, onChoose, sendEntries } from "./ring.js";
import { element, made, themeButton } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */

/** @type {PageState | null} */
let state = null;
/** @type {number | null} */
let selected = null;
let hadLeader = true;
let commit = 0;
const HISTORY_MAX = 12;

/** @typedef {{ readonly at: number, readonly kind: string, readonly text: string }} Happening */
/** What this page has seen itself, latest first. @type {Happening[]} */
const seen = [];
let written = "";

/** Writes down what happens: leaders, as the nodes remember them; nodes that go and come back. @param {PageState | null} old @param {PageState} now */
function compare(old, now) {
  const hasLeader = leaderOf(now) !== null;
  if (hadLeader && !hasLeader) seen.unshift({ at: now.wall, kind: "none", text: "no node leads" });
  hadLeader = hasLeader;
  for (const node of now.nodes) {
    const before = old?.nodes.find(({ id }) => id === node.id);
    if (before === undefined || before.up === node.up) continue;
    const [kind, text] = node.up ? ["back", "is back"] : ["gone", "does not answer"];
    seen.unshift({ at: now.wall, kind, text: `n${node.id} ${text}` });
  }
  seen.splice(HISTORY_MAX);
  drawHistory(now);
}

/** @param {PageState} now */
function drawHistory({ leaders, wall }) {
  const led = leaders.map(({ at, term, leader }) => {
    return { at, kind: "leads", text: `n${leader} leads in term ${term}` };
  });
  const all = [...seen, ...led].sort((one, other) => other.at - one.at).slice(0, HISTORY_MAX);
  const text = JSON.stringify(all);
  if (text === written) return;
  written = text;
  element("history").replaceChildren(...all.map(({ at, kind, text }) => {
    const line = made("li", kind);
    const time = new Date(at);
    const isOld = wall - at > 20 * 3_600_000;
    const day = isOld
      ? `${time.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} `
      : "";
    line.append(made("time", "", day + time.toLocaleTimeString("en-GB")), made("span", "", text));
    return line;
  }));
}

/** @param {PageState} now */
function drawHead(now) {
  const leader = leaderOf(now);
  element("cluster").textContent = now.cluster;
  const up = now.nodes.filter((node) => node.up).length;
  const status = element("status");
  status.textContent = leader === null ? "no leader" : `n${leader.id} leads · term ${leader.term}`;
  status.className = `status ${leader === null ? "bad" : up < now.nodes.length ? "fair" : "good"}`;
  element("up").textContent = `${up} of ${now.nodes.length} nodes answer`;
  element("revision").textContent = `revision ${(leader?.commit ?? commit).toLocaleString("en")}`;
  element("controls").hidden = !now.canControl;
  const pressed = (/** @type {string} */ id, /** @type {boolean} */ isOn) =>
    element(id).setAttribute("aria-pressed", String(isOn));
  pressed("load", now.hasLoad);
  pressed("noise", now.isNoisy);
  element("hint").hidden = !now.canControl;
}

/** @param {PageState | null} now */
function take(now) {
  document.body.classList.toggle("lost", now === null);
  if (now === null) return;
  compare(state, now);
  state = now;
  addPoint(now);
  drawHead(now);
  drawRing(now, selected);
  drawCards(now, selected);
  drawPlots();
  const top = Math.max(0, ...now.nodes.map((node) => node.commit));
  if (commit > 0 && top > commit) sendEntries(now, Math.ceil(Math.log2(1 + top - commit)));
  commit = top;
}

/** @param {number} now */
function frame(now) {
  if (state !== null) drawStrips(state);
  moveEntries(now);
  requestAnimationFrame(frame);
}

onChoose((id) => {
  selected = selected === id ? null : id;
  if (state !== null) {
    drawRing(state, selected);
    drawCards(state, selected);
  }
});
for (const id of ["load", "noise"]) {
  element(id).addEventListener("click", () => {
    act({ action: id, on: element(id).getAttribute("aria-pressed") !== "true" });
  });
}
element("heal").addEventListener("click", () => act({ action: "heal" }));
themeButton("theme", () => {
  if (state !== null) drawRing(state, selected);
  drawPlots();
});
/** @type {Record<string, string>} */
const SHORTCUTS = { h: "heal", l: "load", x: "noise", t: "theme", "/": "prefix" };
addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const id = SHORTCUTS[event.key];
  const digit = Number(event.key);
  if (id === "prefix") {
    event.preventDefault();
    element(id).focus();
  } else if (id !== undefined) element(id).click();
  else if (digit >= 1 && state !== null) {
    const node = state.nodes[digit - 1];
    if (node !== undefined) selected = selected === node.id ? null : node.id;
    drawRing(state, selected);
    drawCards(state, selected);
  }
});
follow(take);
browseKeys();
requestAnimationFrame(frame);
