/**
 * The connection of the live page to its server: the states that arrive, and what is asked of it.
 *
 * @module
 */

import { element } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */

const TOKEN = "kontiki-token";

/** @returns {Record<string, string>} */
function authorization() {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/**
 * A request to the server; a token is asked for when one is needed.
 *
 * @param {string} path
 * @param {RequestInit} init
 */
export async function request(path, init = {}) {
  const response = await fetch(path, { ...init, headers: { ...init.headers, ...authorization() } });
  if (response.status === 401) element("login").hidden = false;
  return response;
}

/** Asks the server to do something to the cluster. @param {Record<string, unknown>} action */
export async function act(action) {
  const response = await request("/v1/cluster", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(action),
  });
  if (!response.ok) say((await response.json()).detail);
}

/** Shows a sentence for a while. @param {string} text */
export function say(text) {
  const toast = element("toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(Number(toast.dataset["timer"]));
  toast.dataset["timer"] = String(setTimeout(() => toast.hidden = true, 4000));
}

/**
 * The data of server-sent events, one after another, until the connection ends.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<unknown, void, void>}
 */
export async function* serverEvents(path, signal) {
  const response = await request(path, { signal });
  if (!response.ok || response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const line = part.split("\n").find((each) => each.startsWith("data: "));
      if (line !== undefined) yield JSON.parse(line.slice(6));
    }
  }
}

/** Calls with every state, and with `null` while there is no connection. @param {(state: PageState | null) => void} take */
export async function follow(take) {
  for (;;) {
    try {
      for await (const state of serverEvents("/v1/cluster", new AbortController().signal)) {
        take(/** @type {PageState} */ (state));
      }
    } catch (error) {
      // A connection that is lost is made again.
      if (!(error instanceof TypeError)) throw error;
    }
    take(null);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = element("token");
  if (field instanceof HTMLInputElement) sessionStorage.setItem(TOKEN, field.value);
  element("login").hidden = true;
});
