/**
 * The calls of an {@linkcode Rsm} as promises.
 *
 * @module
 */

import type { Rsm } from "./rsm.ts";
import type { Outcome } from "./rsm_options.ts";

/**
 * {@linkcode Rsm.submit} as a promise, which takes slightly longer than a callback.
 *
 * @example
 * ```ts
 * import { type Outcome, type Rsm, submit } from "@kontiki/kontiki";
 *
 * async function add(rsm: Rsm, amount: number): Promise<"yes" | "no" | "unknown"> {
 *   const outcome: Outcome = await submit(rsm, Uint8Array.of(amount));
 *   if (outcome.kind === "done") return "yes";
 *   return outcome.kind === "unknown" ? "unknown" : "no";
 * }
 * console.log(add.name, "is safe to call again only after no");
 * ```
 */
export function submit(rsm: Rsm, command: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => rsm.submit(command, resolve));
}

/**
 * {@linkcode Rsm.ask} as a promise.
 *
 * @example
 * ```ts
 * import { ask, type Rsm } from "@kontiki/kontiki";
 *
 * async function sum(rsm: Rsm): Promise<number | null> {
 *   const outcome = await ask(rsm, new Uint8Array());
 *   return outcome.kind === "done" ? outcome.reply[0]! : null;
 * }
 * console.log(sum.name, "may be called again after any outcome");
 * ```
 */
export function ask(rsm: Rsm, request: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => rsm.ask(request, resolve));
}
