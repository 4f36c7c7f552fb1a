/**
 * How a node ends that is no member of its cluster any more.
 *
 * @module
 */

import { Configuration, type Folder, type Node } from "../../raft/mod.ts";
import { CommandError, nodeName } from "../table/mod.ts";
import type { NodeSettings } from "./node_settings.ts";

/** A node that was removed ends after this time, in which its last messages and answers leave. */
export const FAREWELL_MS = 500;

/** Why it ends. */
export function removedError({ id, cluster }: Pick<NodeSettings, "id" | "cluster">): CommandError {
  const name = nodeName(id);
  return new CommandError(
    "removed",
    `${name} was removed from the cluster ${cluster}, and its folder is not needed any more: delete ` +
      `it. To add ${name} again, start it with an empty folder and --join`,
  );
}

/** Whether a folder is a member's by the members that its node knows. */
export function isMembersFolder(node: Node | null, folder: Folder | null): boolean {
  if (node === null || folder === null) return false;
  const { node: id, incarnation } = folder.identity;
  return new Configuration(node.status().members).has(id, incarnation);
}
