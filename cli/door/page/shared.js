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

/** The theme in force: the one that was chosen, else the system's. @returns {"dark" | "light"} */
export function currentTheme() {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Lets a button switch the theme. @param {string} id @param {() => void} changed */
export function themeButton(id, changed) {
  element(id).addEventListener("click", () => {
    document.documentElement.dataset["theme"] = currentTheme() === "dark" ? "light" : "dark";
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Hues of terms: neighbours differ, and none is the red of what is wrong. */
const TERM_HUES = [318, 214, 160, 270, 32, 190, 52, 238];

/** The colour of a term. @param {number} term */
export function termColor(term) {
  const hue = TERM_HUES[term % TERM_HUES.length] ?? 0;
  return `hsl(${hue} ${currentTheme() === "dark" ? "66% 64%" : "60% 46%"})`;
}

/** A new element with a class and a text. @param {string} tag @param {string} name @param {string} text */
export function made(tag, name, text = "") {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}
