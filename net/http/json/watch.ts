/**
 * Watches over HTTP: server-sent events that a browser resumes by itself, or lines of JSON.
 *
 * @module
 */

import {
  jsonGroup,
  type StoreClient,
  WatchError,
  type WatchGroup,
  type WatchTarget,
} from "../../store/mod.ts";
import { type HttpCall, HttpProblem, percentDecode, type Route } from "../mod.ts";
import { checked, checkNames, isOn, wholeOf } from "./answers.ts";
import { keyRange, rangeOf } from "./ranges.ts";
import { eventsOf, linesOf, type ServerEvent } from "./streams.ts";

/** `GET /v1/watch`. */
export function watchRoutes(store: StoreClient): Route[] {
  return [{
    ...{ method: "GET", path: "/v1/watch", withinMs: null },
    handle: (call) => checked(() => watch(store, call)),
  }];
}

function watch(store: StoreClient, { query, request, signal }: HttpCall): Response {
  checkNames(query, ["key", "prefix", "start", "end", "from", "previous", "keysOnly", "progress"]);
  const how = { previous: isOn(query, "previous"), keysOnly: isOn(query, "keysOnly") };
  const from = lastEventId(request.headers) ?? wholeOf(query, "from");
  const groups = store.watch(targetOf(query), {
    ...{ ...how, signal, progress: isOn(query, "progress") },
    ...from === undefined ? {} : { from },
  });
  const isEvents = !request.headers.get("accept")?.includes("application/x-ndjson");
  if (isEvents) return eventsOf(events(groups, how), signal);
  return linesOf(lines(groups, how), signal);
}

function targetOf(query: URLSearchParams): WatchTarget {
  const keys = query.getAll("key");
  if (keys.length === 0) return keyRange(rangeOf(query));
  if (["prefix", "start", "end"].some((name) => query.has(name))) {
    throw new HttpProblem("badRequest", "Wanted keys or a range, got both");
  }
  return keys.map((key) => ({ key: percentDecode(key) }));
}

/** What a browser has seen last before it lost the connection. */
function lastEventId(headers: Headers): number | undefined {
  const text = headers.get("last-event-id");
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

interface How {
  readonly previous: boolean;
  readonly keysOnly: boolean;
}

async function* events(
  groups: AsyncGenerator<WatchGroup, void, void>,
  how: How,
): AsyncGenerator<ServerEvent, void, void> {
  try {
    for await (const group of groups) {
      yield { id: `${group.revision}`, data: JSON.stringify(jsonGroup(group, how)) };
    }
  } catch (error) {
    if (!(error instanceof WatchError)) throw error;
    yield { event: "failed", data: JSON.stringify(failureOf(error)) };
  }
}

async function* lines(
  groups: AsyncGenerator<WatchGroup, void, void>,
  how: How,
): AsyncGenerator<string, void, void> {
  try {
    for await (const group of groups) yield JSON.stringify(jsonGroup(group, how));
  } catch (error) {
    if (!(error instanceof WatchError)) throw error;
    yield JSON.stringify(failureOf(error));
  }
}

function failureOf({ reason, oldest, message }: WatchError): object {
  return { failed: reason, oldest, detail: message };
}
