/**
 * The metadata exchange: which versions of the protocol both sides know, and where the nodes are.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { refusal } from "./refusal.ts";

/** A node of the cluster, as clients reach it. */
export interface ConnectNode {
  /** Where it answers HTTP: `http://host:port`; `null`: it is the node that answers now. */
  readonly url: string | null;
  /** Whether it leads, as far as is known. */
  readonly isLeader: boolean;
}

/** What the answer depends on. */
export interface MetadataOptions {
  readonly database: Database;
  readonly nodes: readonly ConnectNode[];
  /** The address under which the client has reached this node. */
  readonly origin: string;
  /** The token that the client has brought. */
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const VERSIONS = [3, 2, 1] as const;

/** Clients renew what they know in time, and go on with it while no node answers. */
const VALID_MS = 60 * 60 * 1000;

/** The highest version that both sides know. Throws a refusal if there is none. */
export function versionOf(body: Uint8Array): 1 | 2 | 3 {
  // A client that says nothing knows the first version.
  if (body.length === 0) return 1;
  const known = supportedVersions(body);
  const version = VERSIONS.find((each) => known.includes(each));
  if (version !== undefined) return version;
  throw refusal(`Wanted a client of version ${VERSIONS.join(", ")}, got ${JSON.stringify(known)}`);
}

/** The answer, as JSON. */
export function metadata(
  version: 1 | 2 | 3,
  { database, nodes, origin, token, now }: MetadataOptions,
): string {
  // The first version knows no relative addresses.
  const own = version === 1 ? origin : "";
  const at = (path: string, consistency: "strong" | "eventual") => ({ url }: ConnectNode) => ({
    url: `${url ?? own}/db/${database.name}/${path}`,
    consistency,
  });
  const list = ordered(nodes);
  const endpoints = [
    ...list.map(at("data", "strong")),
    ...list.map(at("eventual", "eventual")),
  ];
  const expiresAt = new Date(now + VALID_MS).toISOString();
  return JSON.stringify({ version, databaseId: database.id, endpoints, token, expiresAt });
}

/**
 * Clients use the first endpoint. A request that its node may have executed before it was lost is
 * repeated by the client, and can be executed twice; a node that is alive finds out what became of it.
 * So a leader, whose loss matters most, sends clients to another node.
 */
function ordered(nodes: readonly ConnectNode[]): readonly ConnectNode[] {
  const rank = ({ url, isLeader }: ConnectNode): number => isLeader ? 2 : url === null ? 0 : 1;
  return nodes.toSorted((one, other) => rank(one) - rank(other));
}

function supportedVersions(body: Uint8Array): readonly unknown[] {
  const text = new TextDecoder().decode(body);
  try {
    const request: unknown = JSON.parse(text);
    if (typeof request === "object" && request !== null && "supportedVersions" in request) {
      const { supportedVersions } = request;
      if (Array.isArray(supportedVersions)) return supportedVersions;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refusal(`Wanted {"supportedVersions": [1, 2, 3]}, got ${text.slice(0, 80)}`);
}
