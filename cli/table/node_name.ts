/**
 * The names of nodes, as users read and write them: `n1`, `n2`, …, and `leader` and `rest` where
 * the number does not matter.
 *
 * @module
 */

import type { Address } from "../../net/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import { CommandError, UsageError } from "./errors.ts";
import { leaderOf } from "./node_report.ts";
import type { Session } from "./session.ts";

/** The nodes that a name can mean. */
export interface NamedNodes {
  readonly ids: readonly NodeId[];
  /** The node that `leader` means; `null`: none leads. Left out: `leader` is no name here. */
  readonly leader?: NodeId | null;
}

/** `n1` for 1. */
export function nodeName(id: NodeId): string {
  return `n${id}`;
}

/** An address as `HOST:PORT`; empty for none. */
export function addressText(address: Address | null): string {
  if (address === null) return "";
  const { hostname, port } = address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** The nodes that these words can mean; asks the cluster only when a word is `leader`. */
export async function nodesFor(
  session: Pick<Session, "ids" | "reports">,
  words: readonly string[],
): Promise<NamedNodes> {
  const { ids } = session;
  if (!words.some((word) => /\bleader\b/.test(word))) return { ids, leader: null };
  return { ids, leader: leaderOf(await session.reports())?.id ?? null };
}

/** 1 for `n1` or `1`, if the cluster has such a node; the node that leads for `leader`. */
export function parseNodeName(text: string, { ids, leader }: NamedNodes): NodeId {
  if (text === "leader" && leader !== undefined) {
    if (leader !== null) return leader;
    throw new CommandError("unavailable", "Cannot find the leader: no node leads now");
  }
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
 * Groups of nodes out of words such as `n1 n2 | n3`, `n1,n2 n3` or `leader | rest`. Nodes that are
 * not named are the group `rest`, or else the last group.
 */
export function parseGroups(words: readonly string[], nodes: NamedNodes): NodeId[][] {
  const text = words.join(" ");
  const parts = text.includes("|")
    ? text.split("|").map((part) => part.split(/[\s,]+/))
    : words.map((word) => word.split(","));
  const named = parts.map((part) => part.filter((word) => word !== ""))
    .filter((part) => part.length > 0);
  const rests = named.filter(isRest).length;
  if (rests > 1) throw new UsageError("Cannot partition: wanted `rest` once, got it twice");
  const groups = named.map((part) =>
    isRest(part) ? [] : part.map((word) => parseNodeName(word, nodes))
  );
  const all = groups.flat();
  const twice = all.find((id, at) => all.indexOf(id) !== at);
  if (twice !== undefined) {
    throw new UsageError(`Cannot partition: wanted each node once, got ${nodeName(twice)} twice`);
  }
  const others = nodes.ids.filter((id) => !all.includes(id));
  if (rests === 1) groups[named.findIndex(isRest)] = others;
  else groups.push(others);
  const filled = groups.filter((group) => group.length > 0);
  if (filled.length < 2) {
    throw new UsageError(
      `Cannot partition: wanted two groups or more, got "${text.trim()}", which leaves all nodes ` +
        "in one",
    );
  }
  return filled;
}

function isRest(part: readonly string[]): boolean {
  return part.length === 1 && part[0] === "rest";
}
