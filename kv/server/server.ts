/**
 * The service of one node: bytes of a request in, bytes of a reply out. It decides nothing itself;
 * every answer comes from the replicated machine, or says who may know better.
 *
 * Invariant: "wrong leader" and "overloaded" are said only of a request that is never executed;
 * all else that went wrong is "unknown".
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
   * request is kept until then: pass a copy if its buffer is used again.
   */
  handle(request: Uint8Array, reply: (reply: Uint8Array) => void): void {
    const type = requestType(request);
    if (type === null) return reply(REFUSED);
    if (type === "get" && this.#reads === "index") {
      this.#rsm.ask(request, (outcome) => reply(replyTo(outcome)));
    } else {
      this.#rsm.submit(request, (outcome) => reply(replyTo(outcome)));
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
  }
}
