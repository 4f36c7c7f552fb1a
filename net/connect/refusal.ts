/**
 * Why a request of KV Connect is not done. Its clients show the text to their callers; they repeat a
 * request that was answered by a status from 500 on, and no other.
 *
 * @module
 */

import { type HttpProblem, PROBLEMS } from "../http/mod.ts";

/** A request that is answered by a status and a text. */
export class ConnectRefusal extends Error {
  override name = "ConnectRefusal";
  /** The status of the answer. */
  readonly status: number;

  /** With a sentence for people. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
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
      headers: { "content-type": "text/plain; charset=utf-8", ...later },
    });
  }
}

/** The request is wrong, and would be wrong again. */
export function refusal(message: string): ConnectRefusal {
  return new ConnectRefusal(400, message);
}

/** Nothing was done; the same request may succeed later. */
export function unavailable(message: string): ConnectRefusal {
  return new ConnectRefusal(503, message);
}
