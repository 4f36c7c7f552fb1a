/**
 * Routes: which handler answers which method and path. Pure.
 *
 * @module
 */

import { HttpProblem } from "./problem.ts";

/** One request on its way through a handler. */
export interface HttpCall {
  /** The request. Its URL has the path as it was sent; use `params` and `query`. */
  readonly request: Request;
  /** What stands for the names in the pattern, still percent-encoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The query of the URL. */
  readonly query: URLSearchParams;
  /** Aborted when the time is up, the client of a stream is gone, or the door closes. */
  readonly signal: AbortSignal;
  /**
   * The whole body, within the limits of the route.
   *
   * @throws {HttpProblem} If it is too long, or takes too long.
   */
  body(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A method of HTTP that routes use. HEAD is answered as GET. */
export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE";

/** One line of the table of routes. */
export interface Route {
  readonly method: HttpMethod;
  /** Segments, of which `{name}` stands for any one, and `{name*}` at the end for any rest. */
  readonly path: string;
  /** Whether a token is needed, where the door has tokens. @default {"token"} */
  readonly access?: "token" | "open";
  /** The longest body; a route without it takes none. @default {0} */
  readonly bodyBytesMax?: number;
  /**
   * The time limit of the call; `null`: it is a stream, which ends with the client or the door, and
   * says something at least every {@linkcode STREAM_SILENCE_MS}. @default {the door's}
   */
  readonly withinMs?: number | null;
  /** Answers. It may throw an {@linkcode HttpProblem}. */
  readonly handle: (call: HttpCall) => Response | Promise<Response>;
}

/** A stream says something at least this often, or its connection counts as dead. */
export const STREAM_SILENCE_MS = 15_000;

/** A route that matches, with the values of its names. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly segments: readonly string[];
  /** The name of the rest; `null`: the pattern has none. */
  readonly rest: string | null;
}

/** Finds the route of a request. */
export class Router {
  readonly #routes: readonly Compiled[];

  /** Of two routes that match, the first is taken. */
  constructor(routes: readonly Route[]) {
    this.#routes = routes.map(compile);
  }

  /**
   * The route of a method and a path.
   *
   * @throws {HttpProblem} If there is none.
   */
  match(method: string, path: string): Match {
    const wanted = method === "HEAD" ? "GET" : method;
    const segments = path.split("/").slice(1);
    for (const compiled of this.#routes) {
      if (compiled.route.method !== wanted) continue;
      const params = matchSegments(compiled, segments);
      if (params !== null) return { route: compiled.route, params };
    }
    const allow = this.allowed(path);
    throw new HttpProblem("methodNotAllowed", `Wanted ${allow}, got ${method}`, {
      headers: { allow },
    });
  }

  /**
   * The methods that a path has, as the header `allow` names them.
   *
   * @throws {HttpProblem} If nothing is served there.
   */
  allowed(path: string): string {
    const segments = path.split("/").slice(1);
    const methods = new Set<string>(["OPTIONS"]);
    for (const compiled of this.#routes) {
      if (matchSegments(compiled, segments) === null) continue;
      methods.add(compiled.route.method);
      if (compiled.route.method === "GET") methods.add("HEAD");
    }
    if (methods.size === 1) throw new HttpProblem("notFound", `Nothing is served at ${path}`);
    return [...methods].sort().join(", ");
  }
}

function compile(route: Route): Compiled {
  const segments = route.path.split("/").slice(1);
  const rest = /^\{(\w+)\*\}$/.exec(segments.at(-1) ?? "")?.[1] ?? null;
  return { route, segments: rest === null ? segments : segments.slice(0, -1), rest };
}

function matchSegments(
  { segments, rest }: Compiled,
  got: readonly string[],
): Record<string, string> | null {
  if (rest === null ? got.length !== segments.length : got.length <= segments.length) return null;
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    const name = segment.startsWith("{") ? segment.slice(1, -1) : null;
    if (name !== null) params[name] = got[at]!;
    else if (segment !== got[at]) return null;
  }
  if (rest !== null) params[rest] = got.slice(segments.length).join("/");
  return params;
}

/**
 * The bytes that a percent-encoded text stands for.
 *
 * @throws {HttpProblem} If a percent sign does not begin two digits.
 */
export function percentDecode(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (!text.includes("%")) return bytes;
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0x25) {
      out[length++] = bytes[at]!;
      continue;
    }
    const digits = String.fromCharCode(...bytes.subarray(at + 1, at + 3));
    if (!/^[0-9a-f]{2}$/i.test(digits)) {
      throw new HttpProblem("badRequest", `Wanted two digits behind each %, got "%${digits}"`);
    }
    out[length++] = parseInt(digits, 16);
    at += 2;
  }
  return out.subarray(0, length);
}
