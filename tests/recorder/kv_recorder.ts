/**
 * Runs operations of clerks and records them for the checker. One recorder serves all clients of a
 * run.
 *
 * Invariant: no two times in a history are equal. Later events of this process have later times,
 * also while the clock stands still, so that a client's read never counts as concurrent with its
 * preceding write.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import type { Clerk, GetResult, ReadOptions } from "../../kv/mod.ts";
import { type KvInput, kvModel, type KvOutput } from "../checker/mod.ts";
import { check, type Operation } from "../checker/search/mod.ts";
import { timelinePage } from "../pages/mod.ts";
import { callOfState } from "./stale_reads.ts";

/** The client of an operation, and its deadline. */
export interface Act {
  readonly clerk: Clerk;
  readonly client: number;
  readonly timeoutMs: number;
  /**
   * Whether the version of a put was not read but guessed: it may be a future version, so that a
   * request may still match after the clerk has given up. @default {false}
   */
  readonly isGuess?: boolean;
  /** How a get may be answered. @default {the newest, by the leader if it is known} */
  readonly read?: Pick<ReadOptions, "stale" | "anyServer">;
}

/** About a nanosecond: more than the precision of any time that occurs. */
const INSTANT_MS = 1e-6;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A history that grows. */
export class KvRecorder {
  readonly history: Operation<KvInput, KvOutput>[] = [];
  readonly #now: () => number;
  #last = -Infinity;

  /** `now` returns milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The time, later than every time before. */
  time(): number {
    this.#last = Math.max(this.#now(), this.#last + INSTANT_MS);
    return this.#last;
  }

  /**
   * Executes an operation and records it. Returns `null` when its outcome is unknown, and "never"
   * when it was certainly not executed: it stays out of the history, so that a read of its value is
   * illegal.
   */
  async execute(input: KvInput, act: Act): Promise<KvOutput | null | "never"> {
    const { client, timeoutMs, isGuess = false } = act;
    const deadline = this.#now() + timeoutMs;
    const call = this.time();
    const { output, ageMs } = await executeAged(input, act);
    if (output === "never") return output;
    const end = this.time();
    const isMaybe = output.error === "ErrMaybe";
    // ErrMaybe before the deadline means that another write used the version, so the put is
    // decided.
    const isOpen = isMaybe && (isGuess || this.#now() >= deadline);
    const known = isOpen ? null : output;
    const begin = callOfState(call, ageMs, act.read?.stale);
    this.history.push({ client, call: begin, return: isOpen ? null : end, input, output: known });
    return known;
  }

  /**
   * Whether the history is linearizable; "unknown" when time ran out.
   *
   * @throws {AssertionError} If it is not, with the operations that prove it and the path of a
   * page.
   */
  judge(limitMs: number): "ok" | "unknown" {
    const { history } = this;
    const deadline = performance.now() + limitMs;
    const result = check(kvModel, history, { now: () => performance.now(), deadline });
    if (result.verdict !== "illegal") return result.verdict;
    const title = `history of ${history.length} operations`;
    const timeline = { title, model: kvModel, operations: history, annotations: [] };
    const path = Deno.makeTempFileSync({ prefix: "kontiki-history-", suffix: ".html" });
    Deno.writeTextFileSync(path, timelinePage(timeline, result));
    const lines = (result.failure?.operations ?? []).map((place) => describe(history[place]!));
    lines.push(`its picture: ${path}`);
    throw new AssertionError(["history is not linearizable", ...lines].join("\n"));
  }
}

/** Describes an operation in a report. */
function describe({ client, call, return: end, input, output }: Operation<KvInput, KvOutput>) {
  const times = `${call.toFixed(2)} .. ${end?.toFixed(2) ?? "?"}`;
  return `[${times}] client ${client}: ${kvModel.describe(input, output)}`;
}

/** Executes without recording; returns "never" when the operation was certainly not executed. */
export async function execute(
  input: KvInput,
  act: Pick<Act, "clerk" | "timeoutMs" | "read">,
): Promise<KvOutput | "never"> {
  return (await executeAged(input, act)).output;
}

/** As `execute`, with the age of the state that a get has read. */
async function executeAged(
  input: KvInput,
  { clerk, timeoutMs, read = {} }: Pick<Act, "clerk" | "timeoutMs" | "read">,
): Promise<{ readonly output: KvOutput | "never"; readonly ageMs: number }> {
  if (input.op === "put") {
    return { output: await executePut(input, { clerk, timeoutMs }), ageMs: 0 };
  }
  const found = await clerk.get(input.key, { timeoutMs, ...read });
  const ageMs = "ageMs" in found ? found.ageMs ?? 0 : 0;
  return { output: outputOf(found), ageMs };
}

function outputOf(found: GetResult): KvOutput | "never" {
  switch (found.type) {
    case "value": {
      const { value, version } = found;
      return { op: "get", error: "OK", value: decoder.decode(value), version };
    }
    case "noKey":
      return { op: "get", error: "ErrNoKey", value: "", version: 0 };
    case "unavailable":
      return "never";
    case "refused":
      throw new Error("A server refused a get");
  }
}

async function executePut(
  { key, value, version }: Extract<KvInput, { readonly op: "put" }>,
  { clerk, timeoutMs }: Pick<Act, "clerk" | "timeoutMs">,
): Promise<KvOutput | "never"> {
  const result = await clerk.put(key, encoder.encode(value), { version, timeoutMs });
  switch (result.type) {
    case "stored":
      return { op: "put", error: "OK" };
    case "noKey":
      return { op: "put", error: "ErrNoKey" };
    case "wrongVersion":
      return { op: "put", error: "ErrVersion", version: result.version };
    case "maybe":
      return { op: "put", error: "ErrMaybe" };
    case "full":
    case "unavailable":
      return "never";
    case "refused":
      throw new Error("A server refused a put");
    default:
      return result satisfies never;
  }
}
