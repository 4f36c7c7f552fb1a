/**
 * Reads and writes of one key: conditions as checks of batches, results as outcomes.
 *
 * @module
 */

import type { GetResult, PutResult } from "../../kv/mod.ts";
import type { BatchBuilder, KeyLike, ValueLike } from "./batch_builder.ts";
import type {
  CommitOutcome,
  DeleteOutcome,
  GivenUp,
  PutOptions,
  ReadOutcome,
  WriteOptions,
  WriteOutcome,
} from "./outcomes.ts";

/** Writes a key. A key whose version is another one is named with its version. */
export async function putByBatch(
  batch: BatchBuilder,
  { key, value }: { readonly key: KeyLike; readonly value: ValueLike },
  options: PutOptions,
): Promise<WriteOutcome> {
  const { version } = options;
  if (version !== undefined) batch.check(key, { version });
  const result = await batch.put(key, value, options).otherwise().get(key).commit(options);
  if (result.outcome !== "yes") return failed(result);
  const [done] = result.results;
  if (done?.op === "put") return { outcome: "yes", version: done.version };
  if (done?.op !== "get") return { outcome: "no", reason: "refused" };
  return done.entry === null
    ? { outcome: "no", reason: "absent" }
    : { outcome: "no", reason: "versionConflict", version: done.entry.version };
}

/** Removes a key. */
export async function deleteByBatch(
  batch: BatchBuilder,
  key: KeyLike,
  options: WriteOptions,
): Promise<DeleteOutcome> {
  const { version } = options;
  if (version !== undefined) batch.check(key, { version });
  const result = await batch.delete(key).commit(options);
  if (result.outcome !== "yes") return failed(result);
  if (!result.held) return { outcome: "no", reason: "versionConflict" };
  const [deleted] = result.results;
  return { outcome: "yes", existed: deleted?.op === "delete" && deleted.existed };
}

function failed(result: Exclude<CommitOutcome, { readonly outcome: "yes" }>):
  | { readonly outcome: "unknown"; readonly reason: GivenUp }
  | { readonly outcome: "no"; readonly reason: "full" | "refused" | GivenUp } {
  if (result.outcome === "unknown") return result;
  return { outcome: "no", reason: result.reason === "invalid" ? "refused" : result.reason };
}

/** The outcome of a read, as programs get it. `reason` is why there was no answer, if there was none. */
export function readOutcome(result: GetResult, reason: GivenUp): ReadOutcome {
  switch (result.type) {
    case "value":
      return { outcome: "found", value: result.value, version: result.version, ...ageOf(result) };
    case "noKey":
      return { outcome: "absent", ...ageOf(result) };
    case "unavailable":
      return { outcome: "unavailable", reason };
    case "refused":
      return { outcome: "unavailable", reason: "refused" };
    default:
      return result satisfies never;
  }
}

function ageOf({ ageMs }: { readonly ageMs?: number }): { readonly ageMs?: number } {
  return ageMs === undefined ? {} : { ageMs };
}

/** The outcome of a write in one round trip, as programs get it. */
export function writeOutcome(result: PutResult, reason: GivenUp): WriteOutcome {
  switch (result.type) {
    case "stored":
      return { outcome: "yes", version: result.version };
    case "wrongVersion":
      return { outcome: "no", reason: "versionConflict", version: result.version };
    case "noKey":
      return { outcome: "no", reason: "absent" };
    case "full":
    case "refused":
      return { outcome: "no", reason: result.type };
    case "unavailable":
      return { outcome: "no", reason };
    case "maybe":
      return { outcome: "unknown", reason };
    default:
      return result satisfies never;
  }
}
