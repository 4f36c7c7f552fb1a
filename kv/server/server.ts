/**
 * The service of one node: takes the bytes of a request and returns the bytes of a reply. Every
 * reply comes from the replicated state machine, or names the leader.
 *
 * Invariant: it replies "wrong leader" and "overloaded" only to requests that are never executed;
 * every other failure is "unknown".
 *
 * @module
 */

import { type Outcome, type Rsm, Slab } from "../../raft/mod.ts";
import {
  decodeRequest,
  decodeStale,
  encodeAged,
  encodeReply,
  isFuture,
  requestAccess,
  type StaleRead,
} from "../command/mod.ts";
import { levelOf } from "../levels/mod.ts";
import type { LevelProposer } from "./level_proposer.ts";

/** Options of a {@linkcode KvServer}. */
export interface KvServerOptions {
  /** Drives a {@linkcode KvStore}. */
  readonly rsm: Rsm;
  /** `index`: a read takes a round of heartbeats, but no save (§8). `log`: it is a log entry. */
  readonly reads: "index" | "log";
  /** Knows what may enter the log. @default {everything} */
  readonly levels?: Pick<LevelProposer, "isMixed" | "refusal">;
  /** Called with the kind of each request; what it returns is called when the reply is there. */
  readonly begun?: (kind: "read" | "write") => () => void;
}

const REFUSED = encodeReply({ type: "refused" });
const OVERLOADED = encodeReply({ type: "overloaded" });
const UNKNOWN = encodeReply({ type: "unknown", leader: null });
const FULL = encodeReply({ type: "full" });

/** Executes requests of clients. */
export class KvServer {
  readonly #rsm: Rsm;
  readonly #reads: "index" | "log";
  readonly #levels: KvServerOptions["levels"];
  readonly #begun: (kind: "read" | "write") => () => void;
  /** Commands, which the log keeps: each must not keep the frames of other requests in memory. */
  readonly #commands = new Slab();

  /** Makes a server of the given state machine. */
  constructor(options: KvServerOptions) {
    this.#rsm = options.rsm;
    this.#reads = options.reads;
    this.#levels = options.levels;
    this.#begun = options.begun ?? (() => () => {});
  }

  /**
   * Executes a request. `reply` is called exactly once, perhaps before this call returns, also with
   * what to send instead where there is no room for a long reply. The request is kept until then:
   * pass a copy if its buffer is used again. `withinMs` is how long the client still waits.
   */
  handle(
    request: Uint8Array,
    reply: (reply: Uint8Array, short: Uint8Array) => void,
    withinMs = Infinity,
  ): void {
    const stale = decodeStale(request);
    const access = stale === null ? requestAccess(request) : "read";
    if (access === null) return reply(REFUSED, REFUSED);
    const refusal = this.#refusal(stale?.request ?? request, access);
    if (refusal !== null) return reply(refusal, refusal);
    const ended = this.#begun(access);
    switch (access) {
      case "read": {
        const answer = (outcome: Outcome): void => {
          ended();
          // A read that is a log entry finds no room on a full disk; another server may have some.
          reply(outcome.kind === "full" ? OVERLOADED : replyTo(outcome), OVERLOADED);
        };
        if (stale !== null) return this.#stale(stale, answer, withinMs);
        if (this.#reads === "index") return this.#rsm.ask(request, answer, withinMs);
        return this.#rsm.submit(request, answer, withinMs);
      }
      case "write":
        // A write has happened when its reply is there: without the reply its outcome is unknown.
        return this.#rsm.submit(
          this.#kept(request),
          (outcome) => {
            ended();
            reply(replyTo(outcome), UNKNOWN);
          },
          withinMs,
        );
      default:
        return access satisfies never;
    }
  }

  /**
   * Answers from the state as it is here if that is known to be new enough (R8), and otherwise reads the
   * newest, whose age is 0.
   */
  #stale(
    { maxAgeMs, request }: StaleRead,
    answer: (outcome: Outcome) => void,
    withinMs: number,
  ): void {
    const { ageMs } = this.#rsm;
    if (ageMs !== null && ageMs <= maxAgeMs) {
      const reply = this.#rsm.peek(request);
      // A revision that has not arrived here may be there already.
      if (!isFuture(reply)) {
        return answer({ kind: "done", reply: encodeAged({ ageMs, reply }) });
      }
    }
    const newest = (outcome: Outcome): void => {
      if (outcome.kind !== "done") return answer(outcome);
      answer({ kind: "done", reply: encodeAged({ ageMs: 0, reply: outcome.reply }) });
    };
    if (this.#reads === "index") return this.#rsm.ask(request, newest, withinMs);
    return this.#rsm.submit(request, newest, withinMs);
  }

  /** Why this leader may not propose a request that it knows itself; `null`: it may. */
  #refusal(request: Uint8Array, access: "read" | "write"): Uint8Array | null {
    // Once all members know what this program knows, no request is read twice.
    if (this.#levels?.isMixed !== true || access === "read" && this.#reads === "index") return null;
    const reason = this.#levels.refusal(levelOf(decodeRequest(request)!));
    return reason === null ? null : encodeReply({ type: "unsupported", reason });
  }

  #kept(request: Uint8Array): Uint8Array {
    return request.buffer.byteLength === request.length ? request : this.#commands.copy(request);
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
    case "full":
      return FULL;
    default:
      return outcome satisfies never;
  }
}
