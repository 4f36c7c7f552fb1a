/**
 * The ring: nodes on a circle, links between them, entries that travel, cuts. Links and nodes are
 * buttons, for the mouse and for the keyboard.
 *
 * @module
 */

import { act, say } from "./connection.js";
import { buildDelay, drawDelay } from "./delays.js";
import { element, pressed, shape, standingOf, termColor } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */
/** @typedef {import("../page_data.ts").PageNode} PageNode */

const [CX, CY, RADIUS, NODE] = [320, 236, 158, 50];

/** Where the nodes stand. @param {readonly PageNode[]} nodes */
function placesOf(nodes) {
  /** @type {Map<number, readonly [number, number]>} */
  const places = new Map();
  nodes.forEach(({ id }, at) => {
    const angle = -Math.PI / 2 + (2 * Math.PI * at) / nodes.length;
    const radius = nodes.length === 1 ? 0 : RADIUS;
    places.set(id, [CX + radius * Math.cos(angle) * 1.25, CY + radius * Math.sin(angle)]);
  });
  return places;
}

/** Whether messages between two nodes are dropped, in one direction or in both. @param {PageState} state @param {number} a @param {number} b */
function cutBetween({ blocked }, a, b) {
  const has = (/** @type {number} */ from, /** @type {number} */ to) =>
    blocked.some(([one, other]) => one === from && other === to);
  return Number(has(a, b)) + Number(has(b, a));
}

const picture = element("ring");
/** @type {Map<string, SVGElement>} */
const parts = new Map();
let drawnFor = "";

/** @type {PageState | null} */
let current = null;
/** @type {(id: number) => void} */
let chosen = () => {};

/** Called with a node that is chosen. @param {(id: number) => void} work */
export function onChoose(work) {
  chosen = work;
}

/** Makes the elements anew when there are other nodes. @param {PageState} state */
function build(state) {
  const key = `${state.nodes.map(({ id }) => id)} ${state.canControl}`;
  if (key === drawnFor) return;
  drawnFor = key;
  parts.clear();
  picture.replaceChildren();
  const places = placesOf(state.nodes);
  const heights = [...places.values()].map(([, y]) => y);
  const [upper, lower] = [Math.min(...heights) - 92, Math.max(...heights) + 84];
  picture.setAttribute("viewBox", `0 ${upper} 640 ${lower - upper}`);
  const add = (/** @type {string} */ name, /** @type {SVGElement} */ part) => {
    parts.set(name, part);
    picture.append(part);
    return part;
  };
  for (const [at, one] of state.nodes.entries()) {
    for (const other of state.nodes.slice(at + 1)) {
      buildLink(state, [one.id, other.id], places, add);
    }
  }
  add("flow", shape("g", { class: "flow", "aria-hidden": "true" }));
  for (const { id } of state.nodes) buildNode(id, places.get(id) ?? [CX, CY], add);
}

/**
 * @param {PageState} state
 * @param {readonly [number, number]} ends
 * @param {Map<number, readonly [number, number]>} places
 * @param {(name: string, part: SVGElement) => SVGElement} add
 */
function buildLink(state, [a, b], places, add) {
  const [x1, y1] = places.get(a) ?? [CX, CY];
  const [x2, y2] = places.get(b) ?? [CX, CY];
  const group = add(`link ${a} ${b}`, shape("g", { class: "link" }));
  group.append(
    shape("line", { x1, y1, x2, y2, class: "line" }),
    shape("line", { x1, y1, x2, y2, class: "hit" }),
  );
  const [mx, my] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const scissors = shape("g", { class: "scissors", transform: `translate(${mx} ${my})` });
  scissors.append(
    shape("circle", { r: 13 }),
    shape("path", { d: "M-5 -5 L5 5 M5 -5 L-5 5" }),
  );
  group.append(scissors);
  const label = shape("text", { class: "lag", x: mx, y: my + 28 });
  group.append(label);
  if (!state.canControl) return;
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "button");
  pressed(group, () => {
    if (current === null) return;
    const isCut = cutBetween(current, a, b) > 0;
    act({ action: isCut ? "mend" : "cut", a, b });
    say(
      isCut
        ? `n${a} and n${b} hear each other again`
        : `n${a} and n${b} are cut off from each other`,
    );
  });
  add(`delay ${a} ${b}`, buildDelay([a, b], [mx, my]));
}

/**
 * @param {number} id
 * @param {readonly [number, number]} place
 * @param {(name: string, part: SVGElement) => SVGElement} add
 */
function buildNode(id, [x, y], add) {
  const group = add(
    `node ${id}`,
    shape("g", { class: "node", transform: `translate(${x} ${y})`, tabindex: 0, role: "button" }),
  );
  const name = shape("text", { class: "name", y: -6 });
  name.textContent = `n${id}`;
  group.append(
    shape("circle", { class: "wave", r: NODE }),
    shape("circle", { class: "halo", r: NODE + 9 }),
    shape("circle", { class: "body", r: NODE }),
    shape("circle", { class: "arc", r: NODE, pathLength: 100 }),
    name,
    shape("text", { class: "role", y: 13 }),
    shape("text", { class: "term", y: 29 }),
    shape("path", {
      class: "crown",
      d: "M-13 -30 L-13 -41 L-6.5 -35 L0 -44 L6.5 -35 L13 -41 L13 -30 Z",
    }),
  );
  pressed(group, () => chosen(id));
}

/** @param {SVGElement} group @param {string} name @param {string} text */
function write(group, name, text) {
  const part = group.querySelector(`.${name}`);
  if (part !== null && part.textContent !== text) part.textContent = text;
}

/** Shows a state. @param {PageState} state @param {number | null} selected */
export function drawRing(state, selected) {
  current = state;
  build(state);
  const leader = leaderOf(state);
  const top = Math.max(1, ...state.nodes.map(({ last }) => last));
  for (const node of state.nodes) {
    const group = parts.get(`node ${node.id}`);
    if (group === undefined) continue;
    const shown = standingOf(node);
    const isLeading = leader?.id === node.id;
    group.setAttribute(
      "class",
      `node ${shown}${isLeading ? " leads" : ""}${selected === node.id ? " selected" : ""}`,
    );
    group.setAttribute("aria-label", `n${node.id}, ${shown}, term ${node.term}`);
    group.style.setProperty("--term", termColor(node.term));
    write(group, "role", shown);
    write(group, "term", `term ${node.term}`);
    const behind = Math.min(1, (top - node.commit) / 64);
    group.querySelector(".arc")?.setAttribute("stroke-dasharray", `${(1 - behind) * 100} 100`);
  }
  drawLinks(state, leader);
}

/** @param {PageState} state @param {PageNode | null} leader */
function drawLinks(state, leader) {
  for (const [at, { id: a }] of state.nodes.entries()) {
    for (const { id: b } of state.nodes.slice(at + 1)) {
      const group = parts.get(`link ${a} ${b}`);
      if (group === undefined) continue;
      const cuts = cutBetween(state, a, b);
      const isLeaders = leader !== null && (leader.id === a || leader.id === b);
      const peer = leader?.peers.find(({ id }) => id === (leader.id === a ? b : a));
      const isQuiet = isLeaders && peer !== undefined && !peer.active;
      const kind = cuts > 0 ? "cut" : isLeaders ? isQuiet ? "quiet" : "alive" : "";
      group.setAttribute("class", `link ${kind}${state.isNoisy ? " noisy" : ""}`);
      group.setAttribute(
        "aria-label",
        `link between n${a} and n${b}: ${cuts > 0 ? "cut" : "whole"}`,
      );
      const isKnown = isLeaders && peer !== undefined && peer.match > 0;
      const lag = isKnown ? (leader?.last ?? 0) - peer.match : 0;
      drawDelay(parts.get(`delay ${a} ${b}`), state, [a, b]);
      write(group, "lag", lag > 0 ? `${lag.toLocaleString("en")} behind` : "");
    }
  }
}

/** The leader of the newest term. @param {PageState} state @returns {PageNode | null} */
export function leaderOf({ nodes }) {
  /** @type {PageNode | null} */
  let found = null;
  for (const node of nodes) {
    if (node.up && node.role === "leader" && (found === null || node.term > found.term)) {
      found = node;
    }
  }
  return found;
}

/** @typedef {{ readonly dot: SVGElement, readonly from: readonly [number, number], readonly to: readonly [number, number], readonly begin: number }} Traveller */
/** @type {Traveller[]} */
const travellers = [];
const TRAVEL_MS = 620;

/** Lets entries travel from the leader to those that hear it. @param {PageState} state @param {number} count */
export function sendEntries(state, count) {
  const leader = leaderOf(state);
  const flow = parts.get("flow");
  if (leader === null || flow === undefined || travellers.length > 60) return;
  const places = placesOf(state.nodes);
  const from = places.get(leader.id);
  if (from === undefined) return;
  for (const { id, up } of state.nodes) {
    if (id === leader.id || !up || cutBetween(state, leader.id, id) > 0) continue;
    const to = places.get(id) ?? from;
    for (let each = 0; each < Math.min(3, count); each += 1) {
      const dot = shape("circle", { r: count > 0 ? 4 : 2.5, class: "dot" });
      flow.append(dot);
      travellers.push({ dot, from, to, begin: performance.now() + each * 130 });
    }
  }
}

/** Moves what travels. @param {number} now */
export function moveEntries(now) {
  for (let at = travellers.length - 1; at >= 0; at -= 1) {
    const traveller = travellers[at];
    if (traveller === undefined) continue;
    const share = (now - traveller.begin) / TRAVEL_MS;
    if (share >= 1) {
      traveller.dot.remove();
      travellers.splice(at, 1);
      continue;
    }
    const eased = share < 0 ? 0 : share * share * (3 - 2 * share);
    const [x, y] = [0, 1].map((axis) => {
      const [begin, end] = [traveller.from[axis] ?? 0, traveller.to[axis] ?? 0];
      return begin + (end - begin) * eased;
    });
    traveller.dot.setAttribute("cx", String(x));
    traveller.dot.setAttribute("cy", String(y));
    traveller.dot.setAttribute("opacity", share < 0 ? "0" : String(1 - share ** 4));
  }
}
