/**
 * What the first frames of all kinds of connections have in common: their marks, and the frame with
 * which a server says why it does not let the other side in. Pure: values in, values out.
 *
 * @module
 */

import type { WireValue } from "./codec.ts";
import type { Refusal } from "./refusals.ts";

/** First element of a first frame: tells what kind of connection it opens. */
export const MARK = {
  peer: "kontiki-peer",
  peerAnswer: "kontiki-peer-ok",
  client: "kontiki-client",
  server: "kontiki-server",
  refused: "kontiki-refused",
} as const;

/** A hello that does not fit, and why. */
export interface HelloRefusal {
  /** The reason, as it is counted and sent. */
  readonly refusal: Refusal;
  /** One sentence for people. */
  readonly detail: string;
}

/** The refusal as a value, for the other side to show to its operator. */
export function encodeHelloRefusal({ refusal, detail }: HelloRefusal): WireValue {
  return [MARK.refused, refusal, detail];
}

/** Reason and detail of a frame that says no, in printable characters; `null`: it is no such frame. */
export function decodeHelloRefusal(
  value: WireValue,
): { readonly reason: string; readonly detail: string } | null {
  if (!Array.isArray(value) || value[0] !== MARK.refused) return null;
  return { reason: printable(value[1]), detail: printable(value[2]) };
}

/** Why a first frame of this mark is not welcome at a port, in a sentence. */
export function wrongMark(mark: unknown, wanted: "peer" | "client"): HelloRefusal {
  const other = wanted === "peer" ? "client" : "peer";
  if (mark !== MARK[other]) {
    return { refusal: "badHello", detail: `wanted the hello of a ${wanted}` };
  }
  const detail = `wanted a ${wanted}, got a ${other}: this port is for ${wanted}s`;
  return { refusal: "wrongPort", detail };
}

/** Why a protocol version is not spoken here. */
export function wrongVersion(got: unknown, wanted: number): HelloRefusal {
  const detail = `wanted protocol version ${wanted}, got ${printable(got)}`;
  return { refusal: "wrongVersion", detail };
}

/** `null` if the cluster is the right one. */
export function otherCluster(got: unknown, wanted: unknown): HelloRefusal | null {
  if (got === wanted) return null;
  const detail = `wanted cluster ${printable(wanted)}, got ${printable(got)}`;
  return { refusal: "wrongCluster", detail };
}

/** The text of a field of unknown origin, fit for a log: short, and without control characters. */
export function printable(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (typeof value === "string") return value.slice(0, 160).replaceAll(/[^\x20-\x7e]/g, "?");
  return `a value of type ${typeof value}`;
}

/** Whether a field is a whole number that both sides hold exactly. */
export function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
