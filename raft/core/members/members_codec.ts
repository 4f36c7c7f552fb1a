/**
 * Members as the bytes of an entry or of a snapshot's head: JSON with the fields in a fixed order, so
 * that equal members are equal bytes. Unknown fields are skipped: later versions may add some.
 *
 * @module
 */

import { checkMembers } from "./change.ts";
import type { Member, Members } from "./configuration.ts";

/**
 * The members as bytes.
 *
 * @example
 * ```ts
 * import { Configuration, encodeMembers } from "@kontiki/kontiki/core";
 *
 * const bytes = encodeMembers(Configuration.of([1, 2, 3]).members);
 * console.assert(new TextDecoder().decode(bytes).startsWith('{"voters":[{"id":1,'));
 * ```
 */
export function encodeMembers({ voters, outgoing, learners }: Members): Uint8Array {
  const [one, two, three] = [voters, outgoing, learners].map((members) => members.map(plain));
  return new TextEncoder().encode(
    JSON.stringify({ voters: one, outgoing: two, learners: three }),
  );
}

/**
 * The members that such bytes stand for.
 *
 * @example
 * ```ts
 * import { Configuration, decodeMembers, encodeMembers } from "@kontiki/kontiki/core";
 *
 * const { members } = Configuration.of([1, 2, 3]);
 * console.assert(decodeMembers(encodeMembers(members)).voters.length === 3);
 * ```
 *
 * @throws {TypeError} If they are not the members of a cluster.
 */
export function decodeMembers(bytes: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const [voters, outgoing, learners] = ["voters", "outgoing", "learners"].map((name) =>
      list(field(value, name)).map(member)
    ) as [Member[], Member[], Member[]];
    // A server that is to be added does not know any before it has that entry.
    checkMembers([...voters, ...learners]);
    checkMembers(outgoing);
    return { voters, outgoing, learners };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new TypeError(`Cannot decode members: ${reason}`, { cause: error });
  }
}

function plain({ id, incarnation, peer, client }: Member): Member {
  return { id, incarnation, peer, client };
}

function member(value: unknown): Member {
  const id = field(value, "id");
  if (typeof id !== "number") throw new TypeError(`wanted a number as id, got ${typeof id}`);
  const text = (name: string): string => {
    const found = field(value, name);
    if (typeof found === "string") return found;
    throw new TypeError(`wanted text as ${name}, got ${typeof found}`);
  };
  return { id, incarnation: text("incarnation"), peer: text("peer"), client: text("client") };
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`wanted a list of members, got ${typeof value}`);
}

function field(value: unknown, name: string): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return (value as Record<string, unknown>)[name];
  }
  throw new TypeError(`wanted an object with ${name}, got ${typeof value}`);
}
