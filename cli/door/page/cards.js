/**
 * A card for each node: its log as a strip that moves, its figures, and what can be done to it.
 *
 * @module
 */

import { act, say } from "./connection.js";
import { element, freshCanvas, made, standingOf, termColor, themeColor } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */
/** @typedef {import("../page_data.ts").PageNode} PageNode */
/** @typedef {{ readonly root: HTMLElement, readonly strip: HTMLCanvasElement, readonly role: HTMLElement, readonly facts: readonly HTMLElement[], readonly buttons: Map<string, HTMLButtonElement> }} Card */

/** The number of entries that a strip shows. */
const SHOWN = 48;
const place = element("cards");
/** @type {Map<number, Card>} */
const cards = new Map();
/** The end of the strips, which follows the log smoothly. */
let edge = 0;

/** @param {number} bytes */
function sizeText(bytes) {
  if (bytes < 1024 ** 2) return `${Math.round(bytes / 1024)} KiB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}

/** @param {number} id @param {boolean} canControl @returns {Card} */
function makeCard(id, canControl) {
  const root = made("article", "card");
  const head = made("header", "");
  const role = made("span", "pill");
  head.append(made("h3", "", `n${id}`), role);
  const strip = document.createElement("canvas");
  strip.className = "strip";
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", `The end of the log of n${id}`);
  const list = made("dl", "facts");
  const facts = ["applied", "save", "memory"].map((name) => {
    const [term, value] = [made("dt", "", name), made("dd", "", "–")];
    list.append(term, value);
    return value;
  });
  root.append(head, strip, list);
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  if (canControl) {
    const row = made("div", "actions");
    for (const action of ["isolate", "pause", "kill"]) {
      const button = document.createElement("button");
      button.textContent = action;
      button.addEventListener("click", () => {
        const now = button.dataset["action"] ?? action;
        act({ action: now, node: id });
        say(`n${id}: ${now}`);
      });
      buttons.set(action, button);
      row.append(button);
    }
    root.append(row);
  }
  if (cards.size === 0) place.replaceChildren();
  place.append(root);
  return { root, strip, role, facts, buttons };
}

/** What a button does in this state. @param {PageState} state @param {PageNode} node @param {string} name */
function actionOf(state, node, name) {
  if (name === "pause") return node.isPaused ? "resume" : "pause";
  if (name === "kill") return node.isRunning === false ? "start" : "kill";
  const others = state.nodes.length - 1;
  const cuts = state.blocked.filter(([from]) => from === node.id).length;
  return others > 0 && cuts === others ? "rejoin" : "isolate";
}

/** Shows a state. @param {PageState} state @param {number | null} selected */
export function drawCards(state, selected) {
  for (const [id, { root }] of cards) {
    if (state.nodes.some((node) => node.id === id)) continue;
    root.remove();
    cards.delete(id);
  }
  for (const node of state.nodes) {
    let card = cards.get(node.id);
    if (card === undefined) {
      card = makeCard(node.id, state.canControl);
      cards.set(node.id, card);
    }
    const word = standingOf(node);
    card.root.className = `card ${word}${selected === node.id ? " selected" : ""}`;
    card.root.style.setProperty("--term", termColor(node.term));
    card.role.textContent = `${word} · term ${node.term}`;
    const facts = [
      node.applied.toLocaleString("en"),
      `${node.saveMs.toFixed(1)} ms`,
      sizeText(node.memoryBytes),
    ];
    for (const [at, fact] of card.facts.entries()) fact.textContent = facts[at] ?? "";
    for (const [name, button] of card.buttons) {
      const action = actionOf(state, node, name);
      button.dataset["action"] = action;
      button.textContent = action;
      button.disabled = node.isRunning === false && action !== "start";
    }
  }
}

/** Moves the strips towards the end of the longest log. @param {PageState} state */
export function drawStrips(state) {
  const top = Math.max(0, ...state.nodes.map(({ last }) => last));
  edge = Math.abs(top - edge) > SHOWN * 4 ? top : edge + (top - edge) * 0.16;
  if (Math.abs(top - edge) < 0.01) edge = top;
  for (const node of state.nodes) {
    const card = cards.get(node.id);
    if (card !== undefined) drawStrip(card.strip, node);
  }
}

/** @param {HTMLCanvasElement} canvas @param {PageNode} node */
function drawStrip(canvas, node) {
  const { brush, width, height } = freshCanvas(canvas);
  const cell = width / SHOWN;
  const first = Math.floor(edge - SHOWN) + 1;
  const [applied, saved, faint, unsaved] = ["applied", "saved", "line", "unsaved"].map(themeColor);
  for (let index = Math.max(1, first); index <= edge + 1; index += 1) {
    const x = (index - 1 - (edge - SHOWN)) * cell;
    const isThere = index <= node.last;
    const color = !isThere
      ? faint
      : index <= node.applied
      ? applied
      : index <= node.commit
      ? saved
      : index <= node.durable
      ? saved
      : unsaved;
    brush.globalAlpha = !isThere ? 0.5 : node.up ? 1 : 0.4;
    brush.fillStyle = color ?? "";
    const tall = !isThere
      ? 3
      : index <= node.commit
      ? height - 4
      : index <= node.durable
      ? height - 10
      : 8;
    brush.beginPath();
    brush.roundRect(x + 1, (height - tall) / 2, Math.max(1, cell - 2), tall, 2);
    brush.fill();
  }
  brush.globalAlpha = 1;
}
