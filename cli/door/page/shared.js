/**
 * What all pages share: elements, colours of the theme, canvases as sharp as the screen. Runs in a
 * browser.
 *
 * @module
 */

/** @typedef {CanvasRenderingContext2D} Brush */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`Cannot draw: the page has no element "${id}"`);
  return found;
}

/**
 * @param {string} id
 * @returns {HTMLCanvasElement}
 */
export function canvasOf(id) {
  const found = element(id);
  if (found instanceof HTMLCanvasElement) return found;
  throw new Error(`Cannot draw: "${id}" is no canvas`);
}

/** A colour of the theme. @param {string} name */
export function themeColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * Makes a canvas as large as it is shown, and clears it.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {{ readonly brush: Brush, readonly width: number, readonly height: number }}
 */
export function freshCanvas(canvas) {
  const ratio = globalThis.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const brush = canvas.getContext("2d");
  if (brush === null) throw new Error("Cannot draw: the canvas has no context");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, width, height);
  return { brush, width, height };
}

const page = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => page.dataset["theme"] = systemIsDark.matches ? "dark" : "light";
followSystem();

/** Lets a button switch the theme, which follows the system until then and when that changes. @param {string} id @param {() => void} changed */
export function themeButton(id, changed) {
  element(id).addEventListener("click", () => {
    page.dataset["theme"] = page.dataset["theme"] === "dark" ? "light" : "dark";
    changed();
  });
  systemIsDark.addEventListener("change", () => {
    followSystem();
    changed();
  });
}

/** Hues of terms: neighbours differ, and none is the red of what is wrong. */
const TERM_HUES = [318, 214, 160, 270, 32, 190, 52, 238];

/** The colour of a term. @param {number} term */
export function termColor(term) {
  const hue = TERM_HUES[term % TERM_HUES.length] ?? 0;
  return `hsl(${hue} ${page.dataset["theme"] === "dark" ? "66% 64%" : "60% 46%"})`;
}

/** What a node does, in a word. @param {import("../page_data.ts").PageNode} node */
export function standingOf(node) {
  if (node.up) return node.role;
  if (node.isPaused) return "paused";
  return node.isRunning === false ? "stopped" : "silent";
}

/** A new element with a class and a text. @param {string} tag @param {string} name @param {string} text */
export function made(tag, name, text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element of a picture.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
export function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** Reacts to a click, and to Enter. @param {SVGElement} part @param {() => void} work */
export function pressed(part, work) {
  part.addEventListener("click", work);
  part.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key !== "Enter" && key !== " ") return;
    event.preventDefault();
    work();
  });
}
