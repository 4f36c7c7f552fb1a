/**
 * Delays of single links: a small button beside the middle of each link shows the delay, and steps to
 * the next one.
 *
 * @module
 */

import { act, say } from "./connection.js";
import { pressed, shape } from "./shared.js";

/** @typedef {import("../page_data.ts").PageState} PageState */

/** The delays that the button steps through, in milliseconds. */
const DELAYS = [0, 20, 100, 500];

/** The delay of a link in milliseconds; 0: none. @param {PageState} state @param {readonly [number, number]} ends */
function delayOf({ delays }, [a, b]) {
  const found = delays.find(([from, to]) => from === a && to === b || from === b && to === a);
  return found?.[2] ?? 0;
}

/** The button of a link. @param {readonly [number, number]} ends @param {readonly [number, number]} middle */
export function buildDelay([a, b], [x, y]) {
  const group = shape("g", {
    ...{ class: "delay", transform: `translate(${x} ${y - 27})`, tabindex: 0, role: "button" },
    ["data-ms"]: 0,
  });
  group.append(
    shape("rect", { x: -27, y: -10, width: 54, height: 20, rx: 10 }),
    shape("text", { class: "ms", y: 4 }),
  );
  pressed(group, () => {
    const now = Number(group.dataset["ms"]);
    const ms = DELAYS.find((each) => each > now) ?? 0;
    act({ action: "delay", a, b, ms });
    say(`messages between n${a} and n${b} take ${ms} ms longer`);
  });
  return group;
}

/** Shows the delay of a link. @param {SVGElement | undefined} group @param {PageState} state @param {readonly [number, number]} ends */
export function drawDelay(group, state, ends) {
  const text = group?.querySelector(".ms");
  if (group === undefined || text === null || text === undefined) return;
  const ms = delayOf(state, ends);
  const shown = ms === 0 ? "+ delay" : `${ms} ms`;
  if (text.textContent === shown) return;
  text.textContent = shown;
  group.dataset["ms"] = String(ms);
  group.setAttribute("class", ms === 0 ? "delay" : "delay on");
  group.setAttribute("aria-label", `delay between n${ends[0]} and n${ends[1]}: ${ms} ms`);
}
