/**
 * One key over HTTP: its value is the body, its revision the entity tag.
 *
 * @module
 */

import type { BatchAnswer, StoreClient, StoreEntry } from "../../store/mod.ts";
import { jsonEntry } from "../../store/mod.ts";
import { type HttpCall, HttpProblem, type Route } from "../mod.ts";
import {
  ageOf,
  checked,
  checkNames,
  type Done,
  doneOf,
  etagOf,
  keyOf,
  leaseOf,
  namesEntity,
  OPERATION_MS_MAX,
  revisionOf,
  staleOf,
  wholeOf,
} from "./answers.ts";

const PATH = "/v1/keys/{key*}";
const VALUE_BYTES_MAX = 2 ** 20;
const LIMITS = { timeoutMs: OPERATION_MS_MAX };

/** `GET`, `PUT` and `DELETE` of one key. */
export function keyRoutes(store: StoreClient): Route[] {
  const route = (method: "GET" | "PUT" | "DELETE", work: typeof getKey): Route => ({
    ...{ method, path: PATH },
    ...method === "PUT" ? { bodyBytesMax: VALUE_BYTES_MAX } : {},
    handle: (call) => checked(() => work(store, call)),
  });
  return [route("GET", getKey), route("PUT", putKey), route("DELETE", deleteKey)];
}

async function getKey(store: StoreClient, call: HttpCall): Promise<Response> {
  checkNames(call.query, ["stale"]);
  const { headers } = call.request;
  const limits = { ...LIMITS, ...staleOf(call.query) };
  const done = doneOf(await store.batch().get(keyOf(call.params["key"])).commit(limits));
  const entry = entryOf(done.results[0]);
  const isKnown = namesEntity(headers, "if-none-match", entry);
  if (namesEntity(headers, "if-match", entry) === false) throw conditionFails(entry, "read");
  if (entry === null) {
    throw new HttpProblem("notFound", "The key does not exist", {
      members: { revision: done.revision },
    });
  }
  const { ageMs } = ageOf(done.ageMs);
  const age = ageMs === undefined ? {} : { "kontiki-age-ms": `${ageMs}` };
  const about = { ...headersOf(entry), ...age };
  if (isKnown) return new Response(null, { status: 304, headers: about });
  if (headers.get("accept")?.includes("application/json")) {
    return Response.json(jsonEntry(entry, { keysOnly: false }), { headers: about });
  }
  return new Response(entry.value as BodyInit, {
    headers: { "content-type": "application/octet-stream", ...about },
  });
}

async function putKey(store: StoreClient, call: HttpCall): Promise<Response> {
  checkNames(call.query, ["ttl", "lease"]);
  const ttl = wholeOf(call.query, "ttl");
  const lease = call.query.get("lease");
  const key = keyOf(call.params["key"]);
  const batch = conditional(store, call, key);
  const ending = {
    ...ttl === undefined ? {} : { expiresAt: Date.now() + ttl * 1000 },
    ...lease === null ? {} : { lease: leaseOf(lease) },
  };
  batch.put(key, await call.body(), ending).otherwise().get(key);
  const done = doneOf(await batch.commit(LIMITS));
  checkHeld(done);
  const [written] = done.results;
  const version = written?.op === "put" ? written.version : 0;
  return Response.json({ version, revision: done.revision }, {
    headers: { etag: etagOf(done.revision) },
  });
}

async function deleteKey(store: StoreClient, call: HttpCall): Promise<Response> {
  checkNames(call.query, []);
  const key = keyOf(call.params["key"]);
  const batch = conditional(store, call, key).delete(key).otherwise().get(key);
  const done = doneOf(await batch.commit(LIMITS));
  checkHeld(done);
  const [deleted] = done.results;
  const existed = deleted?.op === "delete" && deleted.existed;
  return Response.json({ existed, revision: done.revision });
}

/** A batch that happens only if the conditions in the headers hold. */
function conditional(
  store: StoreClient,
  { request: { headers } }: HttpCall,
  key: Uint8Array,
): ReturnType<StoreClient["batch"]> {
  const batch = store.batch();
  const match = revisionOf(headers, "if-match");
  const noneMatch = revisionOf(headers, "if-none-match");
  if (match === null) batch.check(key, { present: true });
  else if (match !== undefined) batch.check(key, { revision: match });
  if (noneMatch === null) batch.check(key, { absent: true });
  else if (noneMatch !== undefined) {
    throw new HttpProblem("badRequest", `if-none-match: wanted * for a write, got a revision`);
  }
  return batch;
}

function checkHeld({ held, results }: Done): void {
  if (held) return;
  throw conditionFails(entryOf(results[0]), "changed");
}

function conditionFails(entry: StoreEntry | null, what: "read" | "changed"): HttpProblem {
  const found = entry === null ? "the key does not exist" : `its revision is ${entry.revision}`;
  return new HttpProblem("preconditionFailed", `Nothing was ${what}: ${found}`, {
    headers: entry === null ? {} : { etag: etagOf(entry.revision) },
  });
}

function entryOf(answer: BatchAnswer | undefined): StoreEntry | null {
  return answer?.op === "get" ? answer.entry : null;
}

function headersOf(
  { version, created, revision, expiresAt, lease }: StoreEntry,
): Record<string, string> {
  return {
    etag: etagOf(revision),
    "kontiki-version": `${version}`,
    "kontiki-created": `${created}`,
    ...expiresAt === null ? {} : { "kontiki-expires": new Date(expiresAt).toISOString() },
    ...lease === null ? {} : { "kontiki-lease": `${lease}` },
  };
}
