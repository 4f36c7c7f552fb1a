/**
 * Ranges of keys, read page by page at one revision.
 *
 * @module
 */

import {
  type BatchOutcome,
  binaryKey,
  type CallOptions,
  type Clerk,
  endOfPrefix,
  type FoundEntry,
  type Key,
  type Operation,
  RANGE_KEYS_MAX,
  type Result,
  toKey,
} from "../../kv/mod.ts";
import { type StoreEntry, storeEntry, StoreReadError } from "./outcomes.ts";

/** A prefix, or the keys from `start` to `end`, which is not in it. Both may be left out. */
export type KeyRange =
  | string
  | { readonly start?: string | Uint8Array; readonly end?: string | Uint8Array };

/** What to read of a range. */
export interface ListOptions {
  /** At most so many entries. @default all */
  readonly limit?: number;
  /** The last key first. @default {false} */
  readonly reverse?: boolean;
  /** Only keys, without values. @default {false} */
  readonly keysOnly?: boolean;
  /** The revision whose state is read. @default the newest */
  readonly at?: number;
  /** Called with the age of the state that a list with `stale` shows, in milliseconds. */
  readonly aged?: (ageMs: number) => void;
}

/** Executes a batch of reads at a revision (0: the newest). */
export type ReadPage = (operation: Operation, at: number) => Promise<BatchOutcome>;

/** Start and end of a range. */
export function rangeOf(range: KeyRange): { readonly start: Key; readonly end: Key | null } {
  if (typeof range === "string") {
    const start = binaryKey(range);
    return { start, end: endOfPrefix(start) };
  }
  const { start, end } = range;
  return {
    start: start === undefined ? "" : toKey(start),
    end: end === undefined ? null : toKey(end),
  };
}

/**
 * All entries of a range at one revision, a page at a time (O4). From the second page on the next one is
 * on its way while one is taken, so at most two are in memory.
 */
export function listRange(
  range: KeyRange,
  options: ListOptions,
  read: ReadPage,
): AsyncGenerator<StoreEntry, void, void> {
  return new Entries(listPages(range, options, read));
}

async function* listPages(
  range: KeyRange,
  { limit = Infinity, reverse = false, keysOnly = false, at = 0, aged }: ListOptions,
  read: ReadPage,
): AsyncGenerator<readonly FoundEntry[], void, void> {
  const show = keysOnly ? "keys" : "entries";
  const readRest = ({ start, end, left, revision }: Rest): Promise<Page> => {
    const page = { op: "range", start, end, limit: Math.min(left, RANGE_KEYS_MAX) } as const;
    const coming = readOne({ ...page, reverse, show }, revision, read);
    // A consumer that stops before this page does not hear of its failure.
    coming.catch(() => undefined);
    return coming;
  };
  let rest: Rest | null = { ...rangeOf(range), left: limit, revision: at };
  let coming: Promise<Page> | null = limit > 0 ? readRest(rest) : null;
  for (let pages = 0; coming !== null; pages++) {
    const { result, at: revision, ageMs } = await coming;
    if (result.op !== "range") return;
    // All pages show the state of the first.
    if (pages === 0 && ageMs !== undefined) aged?.(ageMs);
    const { entries, next } = result;
    const left: number = rest.left - entries.length;
    const bound = reverse ? { end: next } : { start: next ?? "" };
    const isLast: boolean = next === null || left <= 0;
    rest = { ...rest, ...bound, left, revision };
    coming = !isLast && pages > 0 ? readRest(rest) : null;
    yield entries;
    if (isLast) return;
    coming ??= readRest(rest);
  }
}

/** The number of keys that a range has at one revision. */
export async function countRange(
  range: KeyRange,
  { at = 0, aged }: Pick<ListOptions, "at" | "aged">,
  read: ReadPage,
): Promise<number> {
  const { start, end } = rangeOf(range);
  let count = 0;
  let revision = at;
  for (let from: Key | null = start; from !== null;) {
    const operation = { op: "count", start: from, end } as const;
    const { result, at: seen, ageMs } = await readOne(operation, revision, read);
    if (result.op !== "count") break;
    if (revision === 0 && ageMs !== undefined) aged?.(ageMs);
    revision = seen;
    count += result.count;
    from = result.next;
  }
  return count;
}

/**
 * Deletes all keys with a prefix, a thousand at a time; the last outcome, and how many keys are gone.
 * Keys that are written meanwhile may stay.
 */
export async function deletePrefix(
  clerk: Clerk,
  prefix: Key,
  { deleted: report, ...limits }: CallOptions & { readonly deleted?: (count: number) => void } = {},
): Promise<BatchOutcome & { readonly count: number }> {
  const end = endOfPrefix(prefix);
  let count = 0;
  for (let start = prefix;;) {
    const then = [{ op: "deleteRange", start, end, limit: RANGE_KEYS_MAX }] as const;
    const outcome = await clerk.batch({ checks: [], then, otherwise: [], at: 0 }, limits);
    const [result] = outcome.type === "done" ? outcome.result.results : [];
    if (result?.op !== "deleteRange") return { ...outcome, count };
    count += result.count;
    report?.(count);
    if (result.next === null) return { ...outcome, count };
    start = result.next;
  }
}

/** The entries of pages. A generator that yields each entry of a page waits three times for it. */
class Entries implements AsyncGenerator<StoreEntry, void, void> {
  readonly #pages: AsyncGenerator<readonly FoundEntry[], void, void>;
  #page: readonly FoundEntry[] = [];
  #place = 0;
  /** Calls that are under way, one after the other. */
  #turning: Promise<unknown> | null = null;

  constructor(pages: AsyncGenerator<readonly FoundEntry[], void, void>) {
    this.#pages = pages;
  }

  next(): Promise<IteratorResult<StoreEntry, void>> {
    const entry = this.#turning === null ? this.#page[this.#place] : undefined;
    if (entry === undefined) return this.#later(() => this.#turn());
    this.#place++;
    return Promise.resolve({ value: storeEntry(entry), done: false });
  }

  return(): Promise<IteratorResult<StoreEntry, void>> {
    return this.#later(() => this.#end(() => this.#pages.return()));
  }

  throw(error: unknown): Promise<IteratorResult<StoreEntry, void>> {
    return this.#later(() => this.#end(() => this.#pages.throw(error)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Runs when the calls before have ended: a caller need not wait for one before the next. */
  #later<Value>(run: () => Promise<Value>): Promise<Value> {
    const before = this.#turning ?? Promise.resolve();
    const ended = before.then(run, run);
    this.#turning = ended;
    const over = (): void => {
      if (this.#turning === ended) this.#turning = null;
    };
    ended.then(over, over);
    return ended;
  }

  /** The next entry, which may be that of another page. */
  async #turn(): Promise<IteratorResult<StoreEntry, void>> {
    while (this.#place === this.#page.length) {
      const { value, done } = await this.#pages.next();
      if (done) return { value: undefined, done };
      this.#page = value;
      this.#place = 0;
    }
    return { value: storeEntry(this.#page[this.#place++]!), done: false };
  }

  /** What is left of a page is forgotten. */
  async #end(end: () => Promise<unknown>): Promise<IteratorResult<StoreEntry, void>> {
    this.#page = [];
    this.#place = 0;
    await end();
    return { value: undefined, done: true };
  }
}

/** What is left of a list. */
interface Rest {
  readonly start: Key;
  readonly end: Key | null;
  /** At most so many entries. */
  readonly left: number;
  readonly revision: number;
}

interface Page {
  readonly result: Result;
  /** The revision that it shows. */
  readonly at: number;
  readonly ageMs?: number;
}

async function readOne(operation: Operation, at: number, read: ReadPage): Promise<Page> {
  const outcome = await read(operation, at);
  switch (outcome.type) {
    case "done": {
      const [result] = outcome.result.results;
      if (result?.op === operation.op) {
        const { ageMs } = outcome;
        return { result, at: outcome.result.revision, ...ageMs === undefined ? {} : { ageMs } };
      }
      throw new StoreReadError("refused", "Cannot read: the node answered something else");
    }
    case "compacted":
      throw new StoreReadError(
        "compacted",
        `Cannot read at revision ${at}: it is gone; the oldest that is there is ${outcome.oldest}`,
      );
    case "future":
      throw new StoreReadError(
        "future",
        `Cannot read at revision ${at}: the newest is ${outcome.newest}`,
      );
    case "unavailable":
    case "maybe":
      throw new StoreReadError("timeout", "Cannot read: no answer in time");
    case "invalid":
    case "full":
    case "refused":
      throw new StoreReadError("refused", "Cannot read: the node does not understand the request");
    default:
      return outcome satisfies never;
  }
}
