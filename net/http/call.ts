/**
 * One request that is being answered: its deadline, its signal, its body.
 *
 * Invariant: the bytes of bodies that all calls hold are counted and bounded (H3).
 *
 * @module
 */

import { HttpProblem } from "./problem.ts";
import type { HttpCall, Match } from "./router.ts";

/** The bytes of bodies that are held, by all calls of a door. */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes so many more; a negative number gives back. Returns false if there is no room. */
  take(count: number): boolean {
    if (this.#bytes + count > this.#bytesMax) return false;
    this.#bytes += count;
    return true;
  }
}

/** What a call is made of. */
export interface CallOptions {
  readonly request: Request;
  readonly match: Match;
  readonly query: string;
  readonly budget: BodyBudget;
  /** When to give up, by `performance.now()`. */
  readonly endsAt: number;
}

/** A request on its way through a handler. */
export class Call implements HttpCall {
  readonly request: Request;
  readonly params: Readonly<Record<string, string>>;
  readonly endsAt: number;
  readonly #query: string;
  readonly #bodyBytesMax: number;
  readonly #budget: BodyBudget;
  readonly #end = new AbortController();
  #bodyBytes = 0;
  #isTimeUp = false;

  constructor({ request, match, query, budget, endsAt }: CallOptions) {
    this.request = request;
    this.params = match.params;
    this.endsAt = endsAt;
    this.#query = query;
    this.#bodyBytesMax = match.route.bodyBytesMax ?? 0;
    this.#budget = budget;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#query);
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends the call: the client of a stream is gone, the time is up, or the door closes. */
  abort({ isTimeUp }: { readonly isTimeUp: boolean }): void {
    this.#isTimeUp ||= isTimeUp;
    this.#end.abort();
  }

  /** Gives back what the body has taken. */
  finish(): void {
    this.#budget.take(-this.#bodyBytes);
    this.#bodyBytes = 0;
  }

  async body(): Promise<Uint8Array<ArrayBuffer>> {
    const { body, headers } = this.request;
    const announced = Number(headers.get("content-length") ?? 0);
    if (announced > this.#bodyBytesMax) throw this.#tooLong(announced);
    const parts: Uint8Array[] = [];
    if (body !== null) {
      const reader = body.getReader();
      const cancel = (): void => void reader.cancel().catch(() => {});
      this.signal.addEventListener("abort", cancel, { once: true });
      try {
        if (this.signal.aborted) cancel();
        await this.#read(reader, parts);
      } finally {
        this.signal.removeEventListener("abort", cancel);
      }
    }
    if (this.#isTimeUp) throw new HttpProblem("timeout", "The body did not arrive in time");
    if (this.signal.aborted) throw new HttpProblem("badRequest", "The body ended early");
    return joined(parts, this.#bodyBytes);
  }

  async #read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    parts: Uint8Array[],
  ): Promise<void> {
    for (;;) {
      const { value, done } = await this.#next(reader);
      if (done) return;
      if (this.#bodyBytes + value.length > this.#bodyBytesMax) {
        await reader.cancel();
        throw this.#tooLong(this.#bodyBytes + value.length);
      }
      if (!this.#budget.take(value.length)) {
        await reader.cancel();
        throw new HttpProblem("overloaded", "Too many bodies are arriving", {
          headers: { "retry-after": "1" },
        });
      }
      this.#bodyBytes += value.length;
      parts.push(value);
    }
  }

  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    try {
      return await reader.read();
    } catch (error) {
      // The runtime has no type for a body that ends early.
      throw new HttpProblem("badRequest", `The body ended early: ${error}`);
    }
  }

  #tooLong(bytes: number): HttpProblem {
    const wanted = this.#bodyBytesMax === 0 ? "no body" : `at most ${this.#bodyBytesMax} bytes`;
    return new HttpProblem("tooLarge", `Wanted ${wanted}, got ${bytes}`);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
