/**
 * Leases over HTTP: a key put with `?lease=N` ends with its lease, which its client renews.
 *
 * @module
 */

import type { BatchAnswer, BatchBuilder, StoreClient } from "../../store/mod.ts";
import { type HttpCall, HttpProblem, type Route } from "../mod.ts";
import { checked, checkNames, doneOf, leaseOf, OPERATION_MS_MAX, wholeOf } from "./answers.ts";

const LIMITS = { timeoutMs: OPERATION_MS_MAX };
const PAGE_MAX = 1000;
const PATH = "/v1/leases";

type Answer<Name extends BatchAnswer["op"]> = Extract<BatchAnswer, { readonly op: Name }>;

/** Grants, renews, ends and lists leases. */
export function leaseRoutes(store: StoreClient): Route[] {
  const route = (method: Route["method"], path: string, work: typeof grant): Route => ({
    ...{ method, path },
    handle: (call) => checked(() => work(store, call)),
  });
  return [
    route("POST", PATH, grant),
    route("GET", PATH, list),
    route("POST", `${PATH}/{lease}/renew`, renew),
    route("DELETE", `${PATH}/{lease}`, end),
  ];
}

async function grant(store: StoreClient, { query }: HttpCall): Promise<Response> {
  checkNames(query, ["ttl"]);
  const seconds = wholeOf(query, "ttl");
  if (seconds === undefined) throw new HttpProblem("badRequest", "ttl: wanted seconds, got none");
  const lease = randomNumber();
  const ttlMs = seconds * 1000;
  await only<"grant">(store.batch().grant(lease, ttlMs));
  return Response.json({ lease, ttlMs });
}

async function renew(store: StoreClient, { params, query }: HttpCall): Promise<Response> {
  checkNames(query, []);
  const lease = leaseOf(params["lease"] ?? "");
  const { gone } = await only<"renew">(store.batch().renew(lease));
  if (gone.length > 0) throw ended();
  return Response.json({ lease });
}

async function end(store: StoreClient, { params, query }: HttpCall): Promise<Response> {
  checkNames(query, []);
  const lease = leaseOf(params["lease"] ?? "");
  const { existed, count } = await only<"revoke">(store.batch().revoke(lease));
  return Response.json({ existed, deleted: count });
}

async function list(store: StoreClient, { query }: HttpCall): Promise<Response> {
  checkNames(query, ["from", "limit"]);
  const [from, limit] = [wholeOf(query, "from") ?? 0, wholeOf(query, "limit") ?? PAGE_MAX];
  const page = await only<"leases">(store.batch().leases(from, limit));
  const leases = page.leases.map(({ lease, ttl, left }) => ({ lease, ttlMs: ttl, leftMs: left }));
  return Response.json({ leases, next: page.next === 0 ? null : page.next });
}

/** The answer of a batch of one operation. */
async function only<Name extends BatchAnswer["op"]>(batch: BatchBuilder): Promise<Answer<Name>> {
  const { results } = doneOf(await batch.commit(LIMITS));
  return results[0] as Answer<Name>;
}

/** Clients choose the numbers of leases; of 2^52 no two are drawn the same. */
function randomNumber(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return 1 + (high % 2 ** 20) * 2 ** 32 + low;
}

function ended(): HttpProblem {
  return new HttpProblem("notFound", "The lease has ended, or never began");
}
