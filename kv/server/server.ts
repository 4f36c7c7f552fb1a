/**
 * The service of one node: bytes of a request in, bytes of a reply out. It decides nothing itself;
 * every answer comes from the replicated machine, or names a server that may know better.
 *
 * Invariant: "wrong leader" and "overloaded" are the answers only to requests that are never
 * executed; every other failure is "unknown".
 *
 * @module
 */

import type { Outcome, Rsm } from "../../raft/mod.ts";
import { encodeReply, requestType } from "../store/mod.ts";

/** What a {@linkcode KvServer} is made of. */
export interface KvServerOptions {
  /** Drives a {@linkcode KvStore}. */
  readonly rsm: Rsm;
  /** `index`: a read asks the leader's followers, not the disk (§8). `log`: it is a log entry. */
  readonly reads: "index" | "log";
}

const REFUSED = encodeReply({ type: "refused" });
const OVERLOADED = encodeReply({ type: "overloaded" });

/** Answers clients. */
export class KvServer {
  readonly #rsm: Rsm;
  readonly #reads: "index" | "log";

  /** A server of the state machine that the options name. */
  constructor(options: KvServerOptions) {
    this.#rsm = options.rsm;
    this.#reads = options.reads;
  }

  /**
   * Executes a request. `reply` is called exactly once, perhaps before this call returns. The
   * request is kept until then: pass a copy if its buffer is used again. `withinMs` is how long the
   * client still waits for the reply.
   */
  handle(
    request: Uint8Array,
    reply: (reply: Uint8Array) => void,
    withinMs = Infinity,
  ): void {
    const answer = (outcome: Outcome): void => reply(replyTo(outcome));
    const type = requestType(request);
    switch (type) {
      case "get":
        if (this.#reads === "index") return this.#rsm.ask(request, answer, withinMs);
        return this.#rsm.submit(request, answer, withinMs);
      case "put":
        return this.#rsm.submit(request, answer, withinMs);
      case null:
        return reply(REFUSED);
      default:
        return type satisfies never;
    }
  }
}

function replyTo(outcome: Outcome): Uint8Array {
  switch (outcome.kind) {
    case "done":
      return outcome.reply;
    case "notLeader":
    case "lost":
      return encodeReply({ type: "wrongLeader", leader: outcome.leader });
    case "unknown":
      return encodeReply({ type: "unknown", leader: outcome.leader });
    case "overloaded":
      return OVERLOADED;
    default:
      return outcome satisfies never;
  }
}
