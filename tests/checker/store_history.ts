/**
 * Checks a history of batches: strict serializability in the order of the revisions, which the store
 * itself reveals. There is nothing to search, so histories of any length can be checked.
 *
 * Every batch that writes also writes a key of its own, its mark. The marks that the store holds at
 * the end say which batches of unknown outcome were executed, at which revision, and how often.
 *
 * @module
 */

import { type Batch, isRead, isReadOnly, jsonOfBatch, leaseGivenBy } from "../../kv/mod.ts";
import type { Operation } from "./search/mod.ts";
import { Renewals, type StoreOutput } from "./store_leases.ts";
import { answer, EMPTY_STATE, type Ended, endKeys } from "./store_model.ts";

/** A batch as its client recorded it. */
export interface StoreOperation extends Operation<Batch, StoreOutput> {
  /** The key that this batch alone writes; `null`: it only reads. */
  readonly mark: string | null;
  /** The client knows that it was not executed. */
  readonly isNever: boolean;
}

/** A mark, as it is at the end. */
export interface Mark {
  readonly revision: number;
  readonly version: number;
}

/** A batch with the revision at which it happened. */
interface Placed {
  readonly operation: StoreOperation;
  readonly revision: number;
}

/** What is wrong with a history, in one sentence; `null`: nothing. */
export function findViolation(
  history: readonly StoreOperation[],
  marks: ReadonlyMap<string, Mark>,
  endings: readonly Ended[] = [],
): string | null {
  for (const operation of history) {
    const wrong = wrongMark(operation, marks);
    if (wrong !== null) return `${wrong}: ${describe(operation)}`;
  }
  const placed = history.flatMap((operation) => {
    const revision = revisionOf(operation, marks);
    return revision === null ? [] : [{ operation, revision }];
  });
  return findWrongOrder(placed) ?? findWrongAnswer(placed, endings) ??
    findEarlyEnd(placed, endings);
}

function wrongMark(
  { input, mark, isNever, output }: StoreOperation,
  marks: ReadonlyMap<string, Mark>,
): string | null {
  const found = mark === null ? undefined : marks.get(mark);
  if (found !== undefined && (isNever || output === "invalid")) {
    return "a batch that was not executed left its mark";
  }
  if (found !== undefined && found.version !== 1) return `executed ${found.version} times`;
  if (output === null || output === "invalid") return null;
  const done = output.held ? input.then : input.otherwise;
  const isMarked = done.some((operation) => operation.op === "put" && operation.key === mark);
  if (
    isMarked === (found !== undefined) && output.revision === (found?.revision ?? output.revision)
  ) {
    return null;
  }
  return `wanted ${isMarked ? "its mark" : "no mark"}, got ${JSON.stringify(found)}`;
}

/** When it happened; `null`: it did not, or left no visible effect. */
function revisionOf(
  { mark, output }: StoreOperation,
  marks: ReadonlyMap<string, Mark>,
): number | null {
  if (output === "invalid") return null;
  return output?.revision ?? (mark === null ? null : marks.get(mark)?.revision ?? null);
}

/** A batch sees everything that ended before it began, and two writes have two revisions. */
function findWrongOrder(placed: readonly Placed[]): string | null {
  const ended = placed.filter(({ operation }) => operation.return !== null);
  ended.sort((one, other) => one.operation.return! - other.operation.return!);
  const begun = placed.toSorted((one, other) => one.operation.call - other.operation.call);
  let next = 0;
  let last: Placed | null = null;
  for (const each of begun) {
    for (; next < ended.length && ended[next]!.operation.return! < each.operation.call; next++) {
      if (last === null || ended[next]!.revision > last.revision) last = ended[next]!;
    }
    const least = last === null ? 0 : last.revision + (isReadOnly(each.operation.input) ? 0 : 1);
    if (each.revision >= least) continue;
    return `a batch at revision ${each.revision} began after one at ${last!.revision} had ended: ` +
      `${describe(each.operation)} and ${describe(last!.operation)}`;
  }
  return null;
}

/** In the order of their revisions; a read sees the write of its own revision. */
function inOrder(placed: readonly Placed[]): readonly Placed[] {
  const rank = ({ operation, revision }: Placed): number => {
    return revision + (isReadOnly(operation.input) ? 0.5 : 0);
  };
  return placed.toSorted((one, other) => rank(one) - rank(other));
}

/**
 * Every answer is that of a single copy that executes the writes, and ends keys, in the order of their
 * revisions.
 */
function findWrongAnswer(placed: readonly Placed[], endings: readonly Ended[]): string | null {
  let state = EMPTY_STATE;
  let written = 0;
  let ended = 0;
  for (const { operation, revision } of inOrder(placed)) {
    for (; ended < endings.length && endings[ended]!.revision <= revision; ended++) {
      const after = endKeys(state, endings[ended]!);
      if (typeof after === "string") return after;
      state = after;
    }
    const wanted = answer(state, operation.input, { revision, seen: operation.output });
    if (operation.output === null && wanted.output === "invalid") {
      return `executed, and wanted invalid: ${describe(operation)}`;
    }
    if (operation.output !== null && shown(wanted.output) !== shown(operation.output)) {
      return `wanted ${shown(wanted.output)}: ${describe(operation)}`;
    }
    // Also after a read, which may have shown that leases have ended.
    state = wanted.state;
    if (isReadOnly(operation.input)) continue;
    if (revision === written) return `two writes have revision ${revision}: ${describe(operation)}`;
    written = revision;
  }
  return null;
}

/**
 * No lease ends early: no operation that saw its end may have returned before its time was over.
 */
function findEarlyEnd(placed: readonly Placed[], endings: readonly Ended[]): string | null {
  const renewals = new Renewals();
  const ordered = inOrder(placed);
  const firstReturns: number[] = new Array(ordered.length + 1).fill(Infinity);
  for (let place = ordered.length - 1; place >= 0; place--) {
    firstReturns[place] = Math.min(
      firstReturns[place + 1]!,
      ordered[place]!.operation.return ?? Infinity,
    );
  }
  const leases = new Map<string, number>();
  let ended = 0;
  for (const [place, { operation, revision }] of ordered.entries()) {
    for (; ended < endings.length && endings[ended]!.revision <= revision; ended++) {
      for (const { key, kind } of endings[ended]!.keys) {
        const lease = leases.get(key);
        if (kind !== "leaseEnd" || lease === undefined) continue;
        const early = renewals.endOf(lease) - firstReturns[place]!;
        if (early > 0) return `lease ${lease} ended ${early} ms early, before revision ${revision}`;
      }
    }
    const { input, output, call } = operation;
    renewals.learn(input, output, call);
    for (const each of [...input.then, ...input.otherwise]) {
      // Nothing is known of a key that may or may not have been written.
      if (!isRead(each) && "key" in each) leases.delete(each.key);
    }
    if (output === null || output === "invalid") continue;
    for (const [at, each] of (output.held ? input.then : input.otherwise).entries()) {
      const result = output.results[at]!;
      if ("existed" in result && !result.existed) continue;
      if ("key" in each && leaseGivenBy(each) > 0) leases.set(each.key, leaseGivenBy(each));
    }
  }
  return null;
}

function describe({ client, call, return: end, input, output }: StoreOperation): string {
  const times = `${call.toFixed(2)} .. ${end?.toFixed(2) ?? "?"}`;
  return `[${times}] client ${client}: ${shown(jsonOfBatch(input))} → ${shown(output)}`;
}

/** The same text for equal values, whatever the order of their fields. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (typeof each === "bigint") return `${each}`;
    if (each instanceof Uint8Array) return String.fromCharCode(...each);
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([one], [other]) => one < other ? -1 : 1));
  });
}
