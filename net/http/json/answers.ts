/**
 * From outcomes of the store to answers over HTTP: 2xx is yes, 4xx and 503 are no, 504 is unknown.
 *
 * Invariant: a write that may have happened is never answered as one that did not (C2).
 *
 * @module
 */

import type { CommitOutcome, GivenUp } from "../../store/mod.ts";
import { HttpProblem, percentDecode } from "../mod.ts";

/** The time limit of an operation: shorter than that of a call, so that the answer can name the outcome. */
export const OPERATION_MS_MAX = 8_000;

/** Why an operation did not happen. */
type NoReason = "invalid" | "full" | "refused" | "compacted" | "future" | GivenUp;

/** The problem of an operation that did not happen. */
export function notDone(reason: NoReason, message: string): HttpProblem {
  switch (reason) {
    case "invalid":
      return new HttpProblem("badRequest", message);
    case "full":
      return new HttpProblem("full", message);
    case "compacted":
      return new HttpProblem("gone", message);
    case "future":
      return new HttpProblem("conflict", message);
    case "refused":
    case "timeout":
    case "aborted":
    case "closed":
      return new HttpProblem("unavailable", message, { headers: { "retry-after": "1" } });
    default:
      return reason satisfies never;
  }
}

/** A batch that was done. */
export type Done = CommitOutcome & { readonly outcome: "yes" };

/**
 * A batch that was done.
 *
 * @throws {HttpProblem} If it was not, or may have been.
 */
export function doneOf(outcome: CommitOutcome): Done {
  if (outcome.outcome === "yes") return outcome;
  if (outcome.outcome === "unknown") throw maybeDone();
  const message = outcome.reason === "invalid" ? outcome.message : `no answer (${outcome.reason})`;
  throw notDone(outcome.reason, message);
}

/** The problem of an operation that may have happened. */
export function maybeDone(): HttpProblem {
  return new HttpProblem("unknown", "No answer in time: read the key to find out");
}

/** The entity tag of a revision. */
export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/**
 * Whether a header of a read names the entity: `*`, or one of its tags. Caches weaken tags, which makes
 * no difference for a read (RFC 9110, section 13.1.2). `undefined`: the header is not there.
 */
export function namesEntity(
  headers: Headers,
  name: string,
  entry: { readonly revision: number } | null,
): boolean | undefined {
  const text = headers.get(name)?.trim();
  if (text === undefined) return undefined;
  if (text === "*") return entry !== null;
  const tags = text.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (tags.every((tag) => /^"[^"]*"$/.test(tag))) {
    return entry !== null && tags.includes(etagOf(entry.revision));
  }
  throw new HttpProblem("badRequest", `${name}: wanted * or tags such as "7", got ${text}`);
}

/** The revision of an entity tag; `null`: it is `*`, `undefined`: the header is not there. */
export function revisionOf(headers: Headers, name: string): number | null | undefined {
  const text = headers.get(name)?.trim();
  if (text === undefined) return undefined;
  if (text === "*") return null;
  const [, revision] = /^"(\d{1,16})"$/.exec(text) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new HttpProblem("badRequest", `${name}: wanted * or a revision such as "7", got ${text}`);
}

/** The units of times in a query. */
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** The age that a read may have, as an option of the library; nothing: it must be the newest state. */
export function staleOf(query: URLSearchParams): { readonly stale?: number } {
  const text = query.get("stale");
  if (text === null) return {};
  const [, count, unit = "s"] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  if (count !== undefined) return { stale: Number(count) * UNITS_MS[unit]! };
  throw new HttpProblem("badRequest", `stale: wanted a time such as 5s or 200ms, got "${text}"`);
}

/** The age of what was read, as a member of an answer. */
export function ageOf(ageMs: number | undefined): { readonly ageMs?: number } {
  return ageMs === undefined ? {} : { ageMs: Math.ceil(ageMs) };
}

/** The key of a path. */
export function keyOf(param: string | undefined): Uint8Array {
  return percentDecode(param ?? "");
}

/** A whole number of the query; `undefined`: it is not there. */
export function wholeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new HttpProblem("badRequest", `${name}: wanted a whole number, got "${text}"`);
}

/** The number of a lease. */
export function leaseOf(text: string): number {
  const lease = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(lease) && lease > 0) return lease;
  throw new HttpProblem("badRequest", `lease: wanted the number of a lease, got "${text}"`);
}

/** Whether a switch of the query is on. */
export function isOn(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text === null || text === "false") return false;
  if (text === "" || text === "true") return true;
  throw new HttpProblem("badRequest", `${name}: wanted true or false, got "${text}"`);
}

/** Refuses names that mean nothing here, which would be taken for options that work. */
export function checkNames(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (names.includes(name)) continue;
    const wanted = names.length === 0 ? "no query" : `one of ${names.join(", ")}`;
    throw new HttpProblem("badRequest", `Wanted ${wanted}, got "${name}"`);
  }
}

/** Runs `work`, whose input came from outside: what is beyond a limit or unreadable is a 400. */
export async function checked<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const isOfRequest = error instanceof RangeError || error instanceof SyntaxError;
    throw isOfRequest ? new HttpProblem("badRequest", error.message) : error;
  }
}
