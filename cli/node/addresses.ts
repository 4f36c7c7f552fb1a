/**
 * Where the members are: what they say themselves, and what the command line of a node adds.
 *
 * @module
 */

import { Configuration, type Node, type NodeId, type Status } from "../../raft/mod.ts";
import { type ClientAddress, nodeName } from "../table/mod.ts";
import type { NodeSettings } from "./node_settings.ts";

/** Whether a node is a member by what this one knows. */
export function isMember(node: Node, id: NodeId): boolean {
  return new Configuration(node.status().members).has(id);
}

/** Says that --peers names others than the members: flags overrule no folder. */
export function warnOfOthers(node: Node, { peers, log }: NodeSettings): void {
  const known = [...new Configuration(node.status().members).all].map(({ id }) => id);
  const given = [...peers.keys()];
  if (given.length === 0) return;
  if (given.length === known.length && given.every((id) => known.includes(id))) return;
  log.warn(
    `the folder counts: the members are ${known.map(nodeName).join(", ")}, and not ` +
      `${given.map(nodeName).join(", ")} as in --peers`,
  );
}

/** Where clients reach the members; the command line fills in what the members do not say. */
export function clientAddresses(
  { members }: Status,
  { clientsOfAll }: Pick<NodeSettings, "clientsOfAll">,
): ClientAddress[] {
  const all = new Map(clientsOfAll ?? []);
  for (const { id, client } of new Configuration(members).all) {
    if (client !== "") all.set(id, client);
  }
  return [...all].map(([id, endpoint]) => ({ id, endpoint }));
}
