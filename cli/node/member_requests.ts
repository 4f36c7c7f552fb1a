/**
 * What a node answers to requests about members, leadership and itself.
 *
 * @module
 */

import {
  type Answer,
  HeardFile,
  type PeerIdentity,
  type Plain,
  type WireValue,
} from "../../net/mod.ts";
import {
  decodeMembers,
  DenoFiles,
  encodeMembers,
  type Folder,
  type Member,
  type Members,
  type Node,
  writeFolder,
} from "../../raft/mod.ts";
import {
  IDENTITY_REQUEST,
  MEMBERS_REQUEST,
  type NodeIdentity,
  TRANSFER_REQUEST,
} from "../table/mod.ts";

/** The client address that others may use; empty if only the system knows the port. */
export function clientOf({ client }: Pick<Folder, "client">): string {
  return client.endsWith(":0") ? "" : client;
}

/** What the hellos of a node say. */
export function peerIdentity(
  folder: Folder & { readonly founders: Members },
  held: PeerIdentity["held"],
): PeerIdentity {
  const { identity, founders, starts, heard } = folder;
  return {
    ...{ ...identity, founders, client: clientOf(folder), held, starts, heard },
    certificate: encodeMembers(founders),
  };
}

/** Writes what peers promise into a folder; `null`: there is none with ids. */
export function heardFile(
  folder: Folder | null,
  data: string,
  failed: (error: unknown) => void,
): HeardFile | null {
  const write = (now: Folder): Promise<void> => writeFolder(new DenoFiles(data), now);
  return folder && new HeardFile({ folder, write, failed });
}

/** Answers the question which node this is; false for another request. */
export function answerIdentity(
  request: WireValue,
  { reply, folder }: { readonly reply: Answer; readonly folder: Folder },
): boolean {
  if (request !== IDENTITY_REQUEST) return false;
  const { identity: { cluster, clusterId, incarnation, node: id }, peer } = folder;
  const client = clientOf(folder);
  const identity: Plain<NodeIdentity> = { cluster, clusterId, id, incarnation, peer, client };
  reply(identity);
  return true;
}

/** Requests about members and leadership; only a leader begins anything. */
export function answerMembers(
  [word, first, bytes]: readonly WireValue[],
  { reply, node, hasIds }: {
    readonly reply: Answer;
    readonly node: Node | null;
    readonly hasIds: boolean;
  },
): boolean {
  if (node === null || typeof first !== "number") return false;
  if (word === TRANSFER_REQUEST) reply(node.transfer(first === 0 ? null : first));
  else if (word === MEMBERS_REQUEST && bytes instanceof Uint8Array) {
    reply(changeMembers(node, { index: first, bytes, hasIds }));
  } else return false;
  return true;
}

/** Begins a change, unless the members have changed since it was planned, or tells why not. */
function changeMembers(
  node: Node,
  { index, bytes, hasIds }: {
    readonly index: number;
    readonly bytes: Uint8Array;
    readonly hasIds: boolean;
  },
): WireValue {
  const status = node.status();
  if (status.role !== "leader") return "notLeader";
  if (status.membersIndex !== index) return "changed";
  try {
    const target = decodeMembers(bytes);
    const nameless = hasIds ? [...target.voters, ...target.learners].find(isNameless) : undefined;
    if (nameless !== undefined) return `n${nameless.id} has to be named with its folder`;
    const place = node.changeMembers(target);
    return typeof place === "string" ? place : [place.index, place.term];
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return error.message;
    throw error;
  }
}

/** Any folder would do for such a member, also one that was emptied (I2). */
function isNameless({ incarnation }: Member): boolean {
  return incarnation === "";
}
