/**
 * Runs batches of clerks, marks those that write, and records them for the checker. A read at an older
 * revision counts as one that began long ago: it shows that revision, and the newest only by accident.
 *
 * @module
 */

import { AssertionError } from "@std/assert";
import {
  type Batch,
  type BatchOutcome,
  type Clerk,
  endOfPrefix,
  isReadOnly,
  type Operation,
  type ReadOptions,
} from "../../kv/mod.ts";
import {
  type Ended,
  findViolation,
  type Mark,
  type StoreOperation,
  type StoreOutput,
} from "../checker/mod.ts";
import { callOfState } from "./stale_reads.ts";

/** The client of a batch, and its deadline. */
export interface StoreAct {
  readonly clerk: Clerk;
  readonly client: number;
  readonly timeoutMs: number;
  /** How a batch of reads may be answered. @default {the newest, by the leader if it is known} */
  readonly read?: Pick<ReadOptions, "stale" | "anyServer">;
}

/** The outcome of a batch: its output, nothing certain, or certainly nothing. */
export type Recorded = StoreOutput | "unknown" | "never";

/** About a nanosecond: more than the precision of any time that occurs. */
const INSTANT_MS = 1e-6;

/** What the keys begin with that only mark batches. */
const MARKS = "marks/";

/** A history of batches that grows. */
export class StoreRecorder {
  readonly history: StoreOperation[] = [];
  readonly #now: () => number;
  #last = -Infinity;
  #count = 0;
  readonly #failed = Promise.withResolvers<never>();

  /** `now` returns milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#failed.promise.catch(() => undefined);
  }

  /** Executes a batch, with its mark, and records it. */
  async execute(
    batch: Batch,
    { clerk, client, timeoutMs, read = {} }: StoreAct,
  ): Promise<Recorded> {
    const mark = isReadOnly(batch) ? null : `${MARKS}${client}.${this.#count++}`;
    const input = mark === null ? batch : marked(batch, mark);
    const begin = this.#time();
    const outcome = await clerk.batch(input, { timeoutMs, ...read });
    const output = recordedOf(outcome, input);
    const ageMs = outcome.type === "done" ? outcome.ageMs ?? 0 : 0;
    const call = batch.at > 0 ? -Infinity : callOfState(begin, ageMs, read.stale);
    const end = this.#time();
    const isKnown = typeof output === "object" || output === "invalid";
    this.history.push({
      ...{ client, call, mark, input, isNever: output === "never" },
      ...isKnown ? { return: end, output } : { return: null, output: null },
    });
    return output;
  }

  /** A clerk whose batches are recorded, for a client that knows nothing of marks. */
  recorded({ clerk, client }: Pick<StoreAct, "clerk" | "client">): Pick<Clerk, "batch"> {
    return {
      batch: async (batch, { timeoutMs = Infinity } = {}) => {
        const output = await this.#attempt(batch, { clerk, client, timeoutMs });
        if (output === "unknown") return { type: "maybe" };
        if (output === "never") return { type: "unavailable" };
        if (output === "invalid") return { type: "invalid", reason: "" };
        const done = output.held ? batch.then : batch.otherwise;
        const results = output.results.slice(0, done.length);
        return { type: "done", result: { ...output, results } };
      },
    };
  }

  /**
   * Reads the marks and checks the history. To be called when all clients have ended, with the keys
   * that have ended by themselves.
   *
   * @throws {AssertionError} If the history is not strictly serializable, or a batch was executed
   * twice.
   */
  async judge(
    clerk: Clerk,
    { timeoutMs, endings }: { readonly timeoutMs: number; readonly endings: readonly Ended[] },
  ): Promise<void> {
    const violation = findViolation(this.history, await readMarks(clerk, timeoutMs), endings);
    if (violation !== null) throw new AssertionError(`A history of batches is wrong: ${violation}`);
  }

  /** Rejects when a recorded clerk has failed, perhaps in a timer, which has no caller. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** As {@linkcode execute}, but it never ends when it fails: {@linkcode failed} says so. */
  async #attempt(batch: Batch, act: StoreAct): Promise<Recorded> {
    try {
      return await this.execute(batch, act);
    } catch (error) {
      this.#failed.reject(error);
      return await new Promise(() => {});
    }
  }

  #time(): number {
    this.#last = Math.max(this.#now(), this.#last + INSTANT_MS);
    return this.#last;
  }
}

/** The batch, with its mark wherever it writes. */
function marked(batch: Batch, mark: string): Batch {
  const put = { op: "put", key: mark, value: new Uint8Array(0) } as const;
  const withMark = (operations: readonly Operation[]): readonly Operation[] => {
    const reads = { checks: [], then: operations, otherwise: [], at: 0 };
    return isReadOnly(reads) ? operations : [...operations, put];
  };
  return { ...batch, then: withMark(batch.then), otherwise: withMark(batch.otherwise) };
}

async function readMarks(clerk: Clerk, timeoutMs: number): Promise<ReadonlyMap<string, Mark>> {
  const marks = new Map<string, Mark>();
  let at = 0;
  for (let start: string | null = MARKS; start !== null;) {
    const page = { op: "range", start, end: endOfPrefix(MARKS), limit: 1000 } as const;
    const then = [{ ...page, reverse: false, show: "keys" }] as const;
    const outcome = await clerk.batch({ checks: [], then, otherwise: [], at }, { timeoutMs });
    const [found] = outcome.type === "done" ? outcome.result.results : [];
    if (outcome.type === "compacted") {
      // Keys that ended meanwhile took the place of this revision in a short history.
      [start, at] = [MARKS, 0];
      continue;
    }
    if (outcome.type !== "done" || found?.op !== "range") {
      throw new Error(`After the heal the marks cannot be read: ${outcome.type}`);
    }
    for (const { key, revision, version } of found.entries) marks.set(key, { revision, version });
    at = outcome.result.revision;
    start = found.next;
  }
  return marks;
}

function recordedOf(outcome: BatchOutcome, { at }: Batch): Recorded {
  switch (outcome.type) {
    case "done":
      return outcome.result;
    case "maybe":
      return "unknown";
    case "invalid":
      return "invalid";
    case "full":
    case "unavailable":
      return "never";
    case "compacted":
      if (outcome.oldest <= at) {
        throw new Error(`Revision ${at} is gone, but not ${outcome.oldest}`);
      }
      return "never";
    case "future":
      if (outcome.newest >= at) {
        throw new Error(`Revision ${at} comes, but ${outcome.newest} is there`);
      }
      return "never";
    case "refused":
      throw new Error(`A server answered a batch with ${outcome.type}`);
    default:
      return outcome satisfies never;
  }
}
