/**
 * The tokens that the HTTP port wants.
 *
 * Invariant: a port that other machines reach wants a token (H1).
 *
 * @module
 */

import { DatabaseTokens } from "../../net/connect/mod.ts";
import { attempt } from "../table/mod.ts";

/** Which tokens open the port. */
export interface Access {
  /** The token that opens everything; `null`: every request is served. */
  readonly token: string | null;
  /** The tokens of single databases; `null`: databases want the token of the port. */
  readonly databases: DatabaseTokens | null;
}

/**
 * The tokens that the flags of a command give.
 *
 * @throws {RangeError} If the flags or the file of tokens are wrong.
 */
export async function accessOf(
  { httpToken: token, databaseTokens: path }: {
    readonly httpToken: string | null;
    readonly databaseTokens: string | null;
  },
): Promise<Access> {
  if (path === null) return { token, databases: null };
  if (token === null) {
    throw new RangeError(
      "Cannot use --database-tokens: wanted --http-token with it, without which all keys are open",
    );
  }
  const text = await attempt(`read ${path}`, () => Deno.readTextFile(path));
  try {
    return { token, databases: DatabaseTokens.parse(text, token) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot use ${path}: ${error.message}`);
  }
}

/**
 * Throws for a port that other machines reach without a token.
 *
 * @throws {RangeError} If a token is missing.
 */
export function checkAccess(host: string, { token }: Access): void {
  if (token !== null || isLoopback(host)) return;
  throw new RangeError(
    `Cannot listen for HTTP at ${host}: wanted --http-token for an address that other machines reach`,
  );
}

/** Whether only programs of this machine reach the address. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
