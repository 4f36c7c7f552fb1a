/**
 * Ranges and batches as JSON.
 *
 * @module
 */

import {
  type JsonBytes,
  jsonEntry,
  jsonKey,
  type JsonOutcome,
  type KeyRange,
  prefixEnd,
  type StoreClient,
  StoreReadError,
} from "../../store/mod.ts";
import { type HttpCall, HttpProblem, percentDecode, type Route } from "../mod.ts";
import {
  ageOf,
  checked,
  checkNames,
  isOn,
  maybeDone,
  notDone,
  OPERATION_MS_MAX,
  staleOf,
  wholeOf,
} from "./answers.ts";
import { linesOf } from "./streams.ts";

const BATCH_BYTES_MAX = 16 * 2 ** 20;
const PAGE_MAX = 1000;
const LIMITS = { timeoutMs: OPERATION_MS_MAX };

/** What a range of the query selects, as bytes. */
export interface ByteRange {
  readonly start: Uint8Array;
  /** The first key behind it; `null`: it has no end. */
  readonly end: Uint8Array | null;
}

/** `GET /v1/range`, `GET /v1/lines`, `GET /v1/count`, `POST /v1/batch`. */
export function rangeRoutes(store: StoreClient): Route[] {
  return [
    {
      ...{ method: "GET", path: "/v1/range" },
      handle: (call) => checked(() => getRange(store, call)),
    },
    {
      ...{ method: "GET", path: "/v1/lines", withinMs: null },
      handle: (call) => checked(() => getLines(store, call)),
    },
    {
      ...{ method: "GET", path: "/v1/count" },
      handle: (call) => checked(() => getCount(store, call)),
    },
    {
      ...{ method: "POST", path: "/v1/batch", bodyBytesMax: BATCH_BYTES_MAX },
      handle: (call) => checked(() => postBatch(store, call)),
    },
  ];
}

/** The range that `prefix`, or `start` and `end`, select. */
export function rangeOf(query: URLSearchParams): ByteRange {
  const prefix = query.get("prefix");
  const [start, end] = [query.get("start"), query.get("end")];
  if (prefix === null) {
    return {
      start: encode(start ?? ""),
      end: end === null ? null : encode(end),
    };
  }
  if (start !== null || end !== null) {
    throw new HttpProblem("badRequest", "Wanted prefix, or start and end, got both");
  }
  return { start: encode(prefix), end: prefixEnd(encode(prefix)) };
}

/** A range for the library; an empty start is none. */
export function keyRange({ start, end }: ByteRange): KeyRange {
  return { ...start.length === 0 ? {} : { start }, ...end === null ? {} : { end } };
}

/** Bytes that are not UTF-8 are percent-encoded once more in the query: `%25ff`. */
function encode(text: string): Uint8Array {
  return percentDecode(text);
}

async function getRange(store: StoreClient, { query }: HttpCall): Promise<Response> {
  checkNames(query, ["prefix", "start", "end", "limit", "reverse", "keysOnly", "at", "stale"]);
  const { start, end } = rangeOf(query);
  const operation = {
    op: "range",
    start: start.length === 0 ? "" : jsonKey(start),
    end: end === null ? null : jsonKey(end),
    limit: wholeOf(query, "limit") ?? PAGE_MAX,
    reverse: isOn(query, "reverse"),
    show: isOn(query, "keysOnly") ? "keys" : "entries",
  };
  const at = wholeOf(query, "at") ?? 0;
  const limits = { ...LIMITS, ...staleOf(query) };
  const done = await store.commitJson({ then: [operation], at }, limits);
  const { revision, results } = resultOf(done);
  const [page] = results as readonly { entries: unknown; next?: JsonBytes | null }[];
  const age = done.outcome === "yes" ? ageOf(done.ageMs) : {};
  return Response.json({ revision, entries: page?.entries, next: page?.next ?? null, ...age });
}

/** The whole range, a line for each entry, read a page at a time. */
function getLines(store: StoreClient, { query, signal }: HttpCall): Response {
  checkNames(query, ["prefix", "start", "end", "limit", "reverse", "keysOnly", "at", "stale"]);
  const keysOnly = isOn(query, "keysOnly");
  const limit = wholeOf(query, "limit");
  const at = wholeOf(query, "at");
  let age: number | undefined;
  const entries = store.list(keyRange(rangeOf(query)), {
    ...LIMITS,
    ...{ signal, keysOnly, reverse: isOn(query, "reverse"), ...staleOf(query) },
    aged: (ageMs) => age = ageMs,
    ...limit === undefined ? {} : { limit },
    ...at === undefined ? {} : { at },
  });
  return linesOf(jsonLines(entries, { keysOnly, age: () => ageOf(age) }), signal);
}

async function* jsonLines(
  entries: ReturnType<StoreClient["list"]>,
  { keysOnly, age }: {
    readonly keysOnly: boolean;
    readonly age: () => { readonly ageMs?: number };
  },
): AsyncGenerator<string, void, void> {
  try {
    for await (const entry of entries) yield JSON.stringify(jsonEntry(entry, { keysOnly }));
    yield JSON.stringify({ end: true, ...age() });
  } catch (error) {
    if (!(error instanceof StoreReadError)) throw error;
    // The status has left long ago: a last line says that this is not all.
    yield JSON.stringify({ end: false, reason: error.reason, detail: error.message });
  }
}

async function getCount(store: StoreClient, { query }: HttpCall): Promise<Response> {
  checkNames(query, ["prefix", "start", "end", "at", "stale"]);
  const at = wholeOf(query, "at");
  let age: number | undefined;
  try {
    const options = { ...LIMITS, ...staleOf(query), ...at === undefined ? {} : { at } };
    const aged = (ageMs: number): void => void (age = ageMs);
    const count = await store.count(keyRange(rangeOf(query)), { ...options, aged });
    return Response.json({ count, ...ageOf(age) });
  } catch (error) {
    if (error instanceof StoreReadError) throw notDone(error.reason, error.message);
    throw error;
  }
}

async function postBatch(store: StoreClient, call: HttpCall): Promise<Response> {
  checkNames(call.query, []);
  const text = new TextDecoder().decode(await call.body());
  return Response.json(resultOf(await store.commitJson(JSON.parse(text), LIMITS)));
}

function resultOf(outcome: JsonOutcome): Readonly<Record<string, unknown>> {
  if (outcome.outcome === "yes") return outcome.result;
  throw outcome.outcome === "unknown" ? maybeDone() : notDone(outcome.reason, outcome.message);
}
