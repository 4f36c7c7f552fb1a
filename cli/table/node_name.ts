/**
 * The names of nodes, as people read and write them: `n1`, `n2`, ….
 *
 * @module
 */

import type { NodeId } from "../../raft/mod.ts";
import { UsageError } from "./errors.ts";

/** `n1` for 1. */
export function nodeName(id: NodeId): string {
  return `n${id}`;
}

/** 1 for `n1` or `1`, if the cluster has such a node. */
export function parseNodeName(text: string, ids: readonly NodeId[]): NodeId {
  const digits = /^n?(\d{1,5})$/.exec(text)?.[1];
  const id = digits === undefined ? NaN : Number(digits);
  if (!ids.includes(id)) {
    throw new UsageError(
      `Cannot find the node: wanted one of ${ids.map(nodeName).join(", ")}, got "${text}"`,
    );
  }
  return id;
}

/**
 * Groups of nodes out of words such as `n1 n2 | n3` or `n1,n2 n3`. Nodes that are not named make a
 * group of their own.
 */
export function parseGroups(words: readonly string[], ids: readonly NodeId[]): NodeId[][] {
  const text = words.join(" ");
  const parts = text.includes("|")
    ? text.split("|").map((part) => part.split(/[\s,]+/))
    : words.map((word) => word.split(","));
  const groups = parts
    .map((part) => part.filter((word) => word !== "").map((word) => parseNodeName(word, ids)))
    .filter((group) => group.length > 0);
  const named = groups.flat();
  const twice = named.find((id, at) => named.indexOf(id) !== at);
  if (twice !== undefined) {
    throw new UsageError(`Cannot partition: wanted each node once, got ${nodeName(twice)} twice`);
  }
  const others = ids.filter((id) => !named.includes(id));
  if (others.length > 0) groups.push(others);
  return groups;
}
