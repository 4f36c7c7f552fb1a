/**
 * Problem answers (RFC 9457): why a request was not done, for programs and for people.
 *
 * @module
 */

/** The kinds of problems; each is explained in `docs/http.md`. */
export type ProblemKind =
  | "badRequest"
  | "unauthorized"
  | "forbidden"
  | "notFound"
  | "methodNotAllowed"
  | "timeout"
  | "conflict"
  | "preconditionFailed"
  | "tooLarge"
  | "uriTooLong"
  | "unsupportedType"
  | "headersTooLarge"
  | "internal"
  | "unavailable"
  | "overloaded"
  | "unknown"
  | "full"
  | "gone";

/** The status code and the title of each kind. */
export const PROBLEMS: Readonly<Record<ProblemKind, readonly [status: number, title: string]>> = {
  badRequest: [400, "The request cannot be read"],
  unauthorized: [401, "A token is needed"],
  forbidden: [403, "The request is not allowed"],
  notFound: [404, "There is no such thing"],
  methodNotAllowed: [405, "The method is not allowed here"],
  timeout: [408, "The body took too long"],
  conflict: [409, "The state does not allow it"],
  gone: [410, "The revision is gone"],
  preconditionFailed: [412, "A condition does not hold"],
  tooLarge: [413, "The body is too long"],
  uriTooLong: [414, "The address is too long"],
  unsupportedType: [415, "The content type is not understood"],
  headersTooLarge: [431, "The headers are too long"],
  internal: [500, "This program failed"],
  unavailable: [503, "Nothing was done"],
  overloaded: [503, "Nothing was done: too many requests"],
  unknown: [504, "It may have been done, or may still be"],
  full: [507, "Nothing was done: the disk is full"],
};

/** More about a problem. */
export interface ProblemDetails {
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** A request that is answered by a problem. A handler throws it. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly kind: ProblemKind;
  readonly #details: ProblemDetails;

  /** `message` becomes the detail of the answer: one sentence, with what was wanted and what was got. */
  constructor(kind: ProblemKind, message: string, details: ProblemDetails = {}) {
    super(message);
    this.kind = kind;
    this.#details = details;
  }

  /** The answer. */
  response(): Response {
    const [status, title] = PROBLEMS[this.kind];
    const { headers = {}, members = {} } = this.#details;
    const body = { type: `urn:kontiki:${this.kind}`, title, status, detail: this.message };
    return new Response(`${JSON.stringify({ ...body, ...members })}\n`, {
      status,
      headers: { "content-type": "application/problem+json", ...headers },
    });
  }
}
