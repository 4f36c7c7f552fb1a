/**
 * Common parts of the first frames of all connections: their marks, and the frame with which a
 * server refuses a connection and gives the reason. Pure.
 *
 * @module
 */

import type { WireValue } from "./codec.ts";
import type { Refusal } from "./refusals.ts";

/** First element of a first frame: the kind of connection that it opens. */
export const MARK = {
  peer: "kontiki-peer",
  peerAnswer: "kontiki-peer-ok",
  client: "kontiki-client",
  server: "kontiki-server",
  refused: "kontiki-refused",
} as const;

/** The refusal of a hello. */
export interface HelloRefusal {
  /** The reason that is counted and sent. */
  readonly refusal: Refusal;
  /** One sentence that explains it. */
  readonly detail: string;
}

/** The refusal as a value, for the other side to show to its operator. */
export function encodeHelloRefusal({ refusal, detail }: HelloRefusal): WireValue {
  return [MARK.refused, refusal, detail];
}

/** Reason and detail of a refusal in printable characters; `null` if the frame is not a refusal. */
export function decodeHelloRefusal(
  value: WireValue,
): { readonly reason: string; readonly detail: string } | null {
  if (!Array.isArray(value) || value[0] !== MARK.refused) return null;
  return { reason: printable(value[1]), detail: printable(value[2]) };
}

/** The refusal of a first frame at the wrong port. */
export function wrongMark(mark: unknown, wanted: "peer" | "client"): HelloRefusal {
  const other = wanted === "peer" ? "client" : "peer";
  if (mark !== MARK[other]) {
    return { refusal: "badHello", detail: `wanted the hello of a ${wanted}` };
  }
  const detail = `wanted a ${wanted}, got a ${other}: this port is for ${wanted}s`;
  return { refusal: "wrongPort", detail };
}

/** What a side speaks: every version of the protocol from the lowest to the highest. */
export interface Versions {
  /** The oldest one. */
  readonly lowest: number;
  /** The newest one. */
  readonly highest: number;
  /** What it can do beyond that, as bits; only what both can do is used. */
  readonly features: number;
}

/** The version and the features that both sides of a connection use. */
export interface Agreement {
  /** The highest that both speak. */
  readonly version: number;
  /** Those that both have, as bits. */
  readonly features: number;
}

/** The highest version that both sides speak, or the refusal if there is none. */
export function agree(
  [lowest, highest, features]: readonly unknown[],
  own: Versions,
): Agreement | HelloRefusal {
  if (!isWhole(lowest) || !isWhole(highest) || !isWhole(features) || lowest > highest) {
    return wrongVersion(lowest, own);
  }
  const version = Math.min(highest, own.highest);
  if (version < Math.max(lowest, own.lowest)) return wrongVersion(`${lowest} to ${highest}`, own);
  return { version, features: (features & own.features) >>> 0 };
}

/** What a server chose must be what this side offered. */
export function agreed(
  [version, features]: readonly unknown[],
  own: Versions,
): Agreement | HelloRefusal {
  return agree([version, version, features], own);
}

function wrongVersion(got: unknown, { lowest, highest }: Versions): HelloRefusal {
  const wanted = lowest === highest ? `${lowest}` : `${lowest} to ${highest}`;
  const detail = `wanted protocol version ${wanted}, got ${printable(got)}`;
  return { refusal: "wrongVersion", detail };
}

/** The name and the id of a cluster; the id is empty where it has none, or is not asked for. */
export interface ClusterName {
  /** The name that people gave it. */
  readonly name: string;
  /** The random id from its birth. */
  readonly clusterId: string;
}

/** The refusal of another cluster; `null` if the cluster is the right one. */
export function otherCluster(
  got: { readonly name: unknown; readonly clusterId: unknown },
  wanted: ClusterName,
): HelloRefusal | null {
  if (got.name !== wanted.name) {
    const detail = `wanted cluster ${printable(wanted.name)}, got ${printable(got.name)}`;
    return { refusal: "wrongCluster", detail };
  }
  if (got.clusterId === wanted.clusterId) return null;
  const detail = `wanted the cluster ${wanted.name} with the id ${wanted.clusterId || "none"}, ` +
    `got the one with the id ${printable(got.clusterId) || "none"}`;
  return { refusal: "wrongCluster", detail };
}

/** The text of a field of unknown origin, fit for a log: short, and without control characters. */
export function printable(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (typeof value === "string") return value.slice(0, 160).replaceAll(/[^\x20-\x7e]/g, "?");
  return `a value of type ${typeof value}`;
}

/** Whether a field is a safe integer. */
export function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
