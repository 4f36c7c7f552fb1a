/**
 * What a request must be like before any handler sees it: short enough, meant for this door, not
 * sent by the page of another site, and with a token where one is needed.
 *
 * Invariant: no page of another site gets anything done or reads anything (H1): a name that resolves
 * to this machine by chance or by malice is refused, and no answer ever allows another origin.
 *
 * @module
 */

import { HttpProblem } from "./problem.ts";
import { bearerOf, TOKEN_WANTED, Tokens } from "./tokens.ts";

/** What a {@linkcode Guard} checks against. */
export interface GuardOptions {
  /** The names under which this door is known, besides `localhost` and addresses. */
  readonly names: readonly string[];
  /** The token that every request must bring; `null`: none is needed. */
  readonly token: string | null;
  /** The longest path with its query. */
  readonly targetBytesMax: number;
  /** The longest headers, all together. */
  readonly headerBytesMax: number;
}

/** An address instead of a name: only names can be made to resolve to another machine. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

/** Judges requests. */
export class Guard {
  readonly #options: GuardOptions;
  readonly #names: ReadonlySet<string>;
  readonly #tokens: Tokens | null;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#names = new Set(["localhost", ...options.names.map((name) => name.toLowerCase())]);
    this.#tokens = options.token === null ? null : new Tokens([options.token]);
  }

  /**
   * Checks size, host and origin; returns the path and the query.
   *
   * @throws {HttpProblem} If the request is refused.
   */
  admit(request: Request): { readonly path: string; readonly query: string } {
    const { authority, path, query } = splitUrl(request.url);
    const { targetBytesMax, headerBytesMax } = this.#options;
    const length = path.length + query.length;
    if (length > targetBytesMax) {
      throw new HttpProblem("uriTooLong", `Wanted at most ${targetBytesMax} bytes, got ${length}`);
    }
    let bytes = 0;
    for (const [name, value] of request.headers) bytes += name.length + value.length + 4;
    if (bytes > headerBytesMax) {
      const detail = `Wanted at most ${headerBytesMax} bytes of headers, got ${bytes}`;
      throw new HttpProblem("headersTooLarge", detail);
    }
    // Without a name the runtime puts the path of our socket there; a browser always says a name.
    const isNameless = request.headers.get("host") === null && authority.startsWith("%2F");
    const host = request.headers.get("host") ?? authority;
    if (!isNameless) this.#checkHost(host);
    if (authority !== host) this.#checkHost(authority);
    checkOrigin(request, host);
    return { path, query };
  }

  /**
   * Checks the token.
   *
   * @throws {HttpProblem} If the token is missing or wrong.
   */
  authorize({ headers }: Request): void {
    if (this.#tokens === null) return;
    const token = bearerOf(headers);
    if (token !== null && this.#tokens.has(token)) return;
    throw new HttpProblem(
      "unauthorized",
      `Wanted the header "authorization: Bearer TOKEN", got ${
        token === null ? "none" : "another token"
      }`,
      { headers: TOKEN_WANTED },
    );
  }

  /** A page of another site knows no token, so that with one any name will do. */
  #checkHost(host: string): void {
    if (this.#tokens !== null) return;
    const name = host.toLowerCase().replace(/:\d*$/, "");
    if (this.#names.has(name) || ADDRESS.test(name)) return;
    throw new HttpProblem(
      "forbidden",
      `Wanted a request to an address, localhost or a name of this door, got one to "${name}"`,
    );
  }
}

/** A browser says which page has made a request; other programs say nothing of it. */
function checkOrigin({ headers, method }: Request, host: string): void {
  const origin = headers.get("origin");
  if (origin !== null && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new HttpProblem("forbidden", `Wanted no request of another site, got one of ${origin}`);
  }
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return;
  // A link to this door may be followed.
  if (method === "GET" && headers.get("sec-fetch-mode") === "navigate") return;
  throw new HttpProblem("forbidden", `Wanted no request of another site, got a ${site} one`);
}

/** Splits a URL without normalizing its path: `..` may be a part of a key. */
function splitUrl(
  url: string,
): { readonly authority: string; readonly path: string; readonly query: string } {
  const begin = url.indexOf("//") + 2;
  const slash = url.indexOf("/", begin);
  const authorityEnd = slash < 0 ? url.length : slash;
  const queryAt = url.indexOf("?", authorityEnd);
  const end = queryAt < 0 ? url.length : queryAt;
  return {
    authority: url.slice(begin, authorityEnd),
    path: url.slice(authorityEnd, end) || "/",
    query: url.slice(end + 1),
  };
}
