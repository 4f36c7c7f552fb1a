/**
 * Why a request of KV Connect is not done. Its clients show the text to their callers; they repeat a
 * request that was answered by a status from 500 on, and no other.
 *
 * @module
 */

import { type HttpProblem, PROBLEMS, TOKEN_WANTED } from "../http/mod.ts";

/** A request that is answered by a status and a text. */
export class ConnectRefusal extends Error {
  override name = "ConnectRefusal";
  /** The status of the answer. */
  readonly status: number;
  readonly #headers: Readonly<Record<string, string>>;

  /** With a sentence for people. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.#headers = headers;
  }

  /** A problem of the port, in the form that clients of KV Connect expect. */
  static of({ kind, message }: HttpProblem): ConnectRefusal {
    const [status, title] = PROBLEMS[kind];
    return new ConnectRefusal(status, `${title}: ${message}`);
  }

  /** The answer. */
  response(): Response {
    const later = this.status === 503 ? { "retry-after": "1" } : {};
    return new Response(`${this.message}\n`, {
      status: this.status,
      headers: { "content-type": "text/plain; charset=utf-8", ...later, ...this.#headers },
    });
  }
}

/** The request brings no token, or one that does not open the database. */
export function unauthorized(message: string): ConnectRefusal {
  return new ConnectRefusal(401, message, TOKEN_WANTED);
}

/** The request is wrong, and would be wrong again. */
export function refusal(message: string): ConnectRefusal {
  return new ConnectRefusal(400, message);
}

/** Nothing was done; the same request may succeed later. */
export function unavailable(message: string): ConnectRefusal {
  return new ConnectRefusal(503, message);
}
