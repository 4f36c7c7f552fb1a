/**
 * Browsing keys: those with a prefix, read again whenever one of them changes.
 *
 * @module
 */

import { request, serverEvents } from "./connection.js";
import { element, made } from "./shared.js";

/** @typedef {string | { readonly base64: string }} JsonBytes */
/** @typedef {{ readonly key: JsonBytes, readonly value: JsonBytes, readonly version: number, readonly revision: number }} Entry */

const SHOWN_MAX = 40;
const table = element("entries");
const field = /** @type {HTMLInputElement} */ (element("prefix"));
let watching = new AbortController();
let wanted = false;
let isReading = false;

const SHOWN_BYTES = 120;

/** Text as it is; of other bytes those that are printable, and the others as \\x00. @param {JsonBytes} bytes */
function textOf(bytes) {
  const whole = typeof bytes === "string" ? bytes : atob(bytes.base64);
  const text = whole.slice(0, SHOWN_BYTES).replaceAll(/[^\x20-\x7e]/g, (letter) => {
    const code = letter.charCodeAt(0);
    if (typeof bytes === "string" && code >= 0xa0) return letter;
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
  return whole.length > SHOWN_BYTES ? `${text}…` : text;
}

/** @param {readonly Entry[]} entries @param {boolean} isMore */
function show(entries, isMore) {
  const rows = entries.map(({ key, value, version, revision }) => {
    const row = made("tr", "");
    row.append(made("td", "key", textOf(key)), made("td", "value", textOf(value)));
    row.append(made("td", "number", String(version)), made("td", "number", String(revision)));
    return row;
  });
  if (rows.length === 0) {
    const row = made("tr", "");
    const none = made("td", "none", "no keys yet");
    none.setAttribute("colspan", "4");
    row.append(none);
    rows.push(row);
  }
  table.replaceChildren(...rows);
  element("more").hidden = !isMore;
}

/** Reads once more when something changed meanwhile. */
async function read() {
  wanted = true;
  if (isReading) return;
  isReading = true;
  while (wanted) {
    wanted = false;
    const prefix = encodeURIComponent(field.value.replaceAll("%", "%25"));
    const response = await request(`/v1/range?prefix=${prefix}&limit=${SHOWN_MAX}`);
    if (!response.ok) break;
    const { entries, next } = await response.json();
    show(entries, next !== null);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  isReading = false;
}

async function watch() {
  watching.abort();
  const own = watching = new AbortController();
  const prefix = encodeURIComponent(field.value.replaceAll("%", "%25"));
  while (!own.signal.aborted) {
    try {
      read();
      const path = `/v1/watch?prefix=${prefix}&keysOnly=true`;
      for await (const _group of serverEvents(path, own.signal)) read();
    } catch (error) {
      const isLost = error instanceof TypeError || error instanceof DOMException;
      if (!isLost) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Begins to show keys. */
export function browseKeys() {
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(watch, 250);
  });
  watch();
}
