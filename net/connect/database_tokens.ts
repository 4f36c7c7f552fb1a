/**
 * The tokens of single databases: a list of lines `NAME TOKEN`.
 *
 * Invariant: a token opens the databases that its lines name, and nothing else (G9).
 *
 * @module
 */

import { Tokens } from "../http/mod.ts";
import { isDatabaseName } from "./database.ts";

const LINES_MAX = 10_000;

/** Which token opens which database. */
export class DatabaseTokens {
  readonly #portToken: Tokens;
  readonly #byDatabase: ReadonlyMap<string, Tokens>;

  private constructor(portToken: string, byDatabase: ReadonlyMap<string, readonly string[]>) {
    this.#portToken = new Tokens([portToken]);
    this.#byDatabase = new Map([...byDatabase].map(([name, all]) => [name, new Tokens(all)]));
  }

  /**
   * Reads the lines of a file; empty lines and lines that begin with `#` mean nothing. The token of
   * the port opens every database.
   *
   * @throws {RangeError} If a line cannot be read. The message shows no token.
   */
  static parse(text: string, portToken: string): DatabaseTokens {
    const lines = text.split(/\r?\n/);
    if (lines.length > LINES_MAX) {
      throw new RangeError(`Wanted at most ${LINES_MAX} lines, got ${lines.length}`);
    }
    const byDatabase = new Map<string, string[]>();
    for (const [at, line] of lines.entries()) {
      if (line.trim() === "" || line.startsWith("#")) continue;
      const words = line.trim().split(/\s+/);
      const [name = "", token = ""] = words;
      if (words.length !== 2 || !isDatabaseName(name)) {
        throw new RangeError(`line ${at + 1}: wanted the name of a database and a token`);
      }
      byDatabase.set(name, [...byDatabase.get(name) ?? [], token]);
    }
    return new DatabaseTokens(portToken, byDatabase);
  }

  /** Whether the token opens the database. */
  opens(name: string, token: string): boolean {
    const isOfPort = this.#portToken.has(token);
    return (this.#byDatabase.get(name)?.has(token) ?? false) || isOfPort;
  }
}
