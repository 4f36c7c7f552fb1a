/**
 * Describes faults of the network in a few words: groups of a partition, rates of losses. Pure.
 *
 * @module
 */

import type { Delay, Disturbance, Faults } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { nodeName } from "../table/mod.ts";

/** All faults, or `none`. */
export function faultsText(faults: Faults, ids: readonly NodeId[]): string {
  const parts: string[] = [];
  const groups = groupsOf(faults, ids);
  if (groups !== null) parts.push(groupsText(groups));
  else if (faults.blocked.length > 0) {
    const links = faults.blocked.map(({ from, to }) => `${nodeName(from)}→${nodeName(to)}`);
    parts.push(`blocked ${links.join(" ")}`);
  }
  const request = disturbanceText(faults.request);
  const reply = disturbanceText(faults.reply);
  if (request !== "" && request === reply) parts.push(request);
  else {
    if (request !== "") parts.push(`requests ${request}`);
    if (reply !== "") parts.push(`replies ${reply}`);
  }
  for (const link of faults.links) {
    const text = disturbanceText(link.disturbance);
    parts.push(`${nodeName(link.from)}→${nodeName(link.to)} ${text === "" ? "healthy" : text}`);
  }
  if (faults.bytesPerSecondMax !== null) parts.push(`at most ${faults.bytesPerSecondMax} B/s`);
  return parts.length === 0 ? "none" : parts.join("; ");
}

/** `n1 n2 | n3`. */
export function groupsText(groups: readonly (readonly NodeId[])[]): string {
  return groups.map((group) => group.map(nodeName).join(" ")).join(" | ");
}

/**
 * The groups of a partition; `null` when no link is blocked, or when the blocked links are not a
 * partition (one-way, a bridge, a ring).
 */
export function groupsOf(faults: Faults, ids: readonly NodeId[]): NodeId[][] | null {
  if (faults.blocked.length === 0) return null;
  const blocked = new Set(faults.blocked.map(({ from, to }) => `${from} ${to}`));
  const isCut = (one: NodeId, other: NodeId): boolean => blocked.has(`${one} ${other}`);
  const groups: NodeId[][] = [];
  for (const id of ids) {
    const group = groups.find(([first]) => !isCut(first!, id) && !isCut(id, first!));
    if (group === undefined) groups.push([id]);
    else group.push(id);
  }
  const groupOf = new Map(groups.flatMap((group) => group.map((id) => [id, group] as const)));
  const isPartition = ids.every((one) =>
    ids.every((other) =>
      one === other || isCut(one, other) === (groupOf.get(one) !== groupOf.get(other))
    )
  );
  return isPartition && groups.length > 1 ? groups : null;
}

function disturbanceText({ drop, duplicate, delay, reorder }: Disturbance): string {
  const parts: string[] = [];
  if (drop > 0) parts.push(`lose ${percent(drop)}`);
  if (duplicate > 0) parts.push(`duplicate ${percent(duplicate)}`);
  if (delay.kind !== "none") parts.push(`delay ${delayText(delay)}`);
  if (reorder.probability > 0) {
    parts.push(`hold back ${percent(reorder.probability)} ${delayText(reorder.delay)}`.trimEnd());
  }
  return parts.join(", ");
}

function percent(probability: number): string {
  return `${Math.round(probability * 1000) / 10} %`;
}

function delayText(delay: Delay): string {
  switch (delay.kind) {
    case "none":
      return "";
    case "longTail":
      return `about ${delay.meanMs} ms, up to ${delay.maxMs} ms`;
    case "uniform":
    case "skewed":
      return delay.minMs === 0 ? `up to ${delay.maxMs} ms` : `${delay.minMs} to ${delay.maxMs} ms`;
  }
}
