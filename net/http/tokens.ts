/**
 * Tokens that requests bring, compared in a time that says nothing of how far a guess was right.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** A set of tokens, kept as digests of one length. */
export class Tokens {
  readonly #digests: readonly Uint8Array[];

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digestOf);
  }

  /** Whether the token is one of the set. Takes the same time wherever it stands. */
  has(token: string): boolean {
    const digest = digestOf(token);
    let isFound = false;
    for (const each of this.#digests) isFound = timingSafeEqual(each, digest) || isFound;
    return isFound;
  }
}

/** The token that a request brings; `null`: it brings none. */
export function bearerOf(headers: Headers): string | null {
  return /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1] ?? null;
}

/** The headers of an answer that asks for a token. */
export const TOKEN_WANTED: Readonly<Record<string, string>> = { "www-authenticate": "Bearer" };

function digestOf(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}
