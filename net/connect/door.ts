/**
 * KV Connect over HTTP: the metadata exchange of a database, and its data path. It knows requests and
 * answers; limits of connections, headers and tokens are the port's.
 *
 * @module
 */

import { type Batch, type BatchOutcome, keyBytes } from "../../kv/mod.ts";
import type { Clock } from "../../raft/mod.ts";
import { bearerOf, type HttpCall, HttpProblem, type Route } from "../http/mod.ts";
import { execute, type StoreClient } from "../store/mod.ts";
import { Database } from "./database.ts";
import type { DatabaseTokens } from "./database_tokens.ts";
import { CONNECT_LIMITS } from "./messages.ts";
import { type ConnectNode, metadata, versionOf } from "./metadata.ts";
import type { ProtoWriter } from "./protobuf/mod.ts";
import { MalformedMessage } from "./protobuf/mod.ts";
import { snapshotRead } from "./read.ts";
import { ConnectRefusal, refusal, unauthorized } from "./refusal.ts";
import { Turns } from "./turns.ts";
import { openWatch } from "./watch.ts";
import { batchOf, writeAnswer } from "./write.ts";

/** What the data path can do. */
type Method = "snapshot_read" | "atomic_write" | "watch";

/** Whether a read must see the newest state. */
type Consistency = "strong" | "eventual";

/** Options of {@linkcode connectRoutes}. */
export interface ConnectOptions {
  readonly store: StoreClient;
  /** What the ids of its databases are made of. */
  readonly cluster: string;
  /** The nodes that clients may use, in any order. */
  readonly nodes: () => readonly ConnectNode[] | Promise<readonly ConnectNode[]>;
  readonly clock: Clock;
  /** The tokens of single databases. @default {the token of the port opens all} */
  readonly tokens?: DatabaseTokens | null;
}

/** What an eventual read shows was the newest state at most so long ago. */
const EVENTUAL_MS = 10_000;

/** A call that takes longer has found no leader. */
const CALL_MS = 45_000;

/**
 * The store keeps the results of a session that its client has not got yet, 256 of them and 128 KiB
 * together, and makes further writes wait long: so they wait here, and go on at once.
 */
const RESULTS_BYTES_MAX = 96 * 1024;
const RESULT_BYTES = { batch: 512, operation: 9 };

const PROTOBUF = "application/x-protobuf";
const EXCHANGE_BYTES_MAX = 4096;
/** The database of an address without a path. */
const DEFAULT_NAME = "default";
/** The routes of KV Connect: `/db/NAME` for the metadata exchange, and what it leads to. */
export function connectRoutes(options: ConnectOptions): readonly Route[] {
  const door = new ConnectDoor(options);
  const { tokens = null } = options;
  // A port asks for its own token alone, which clients of one database do not know.
  const access = tokens === null ? "token" : "open";
  const method = (name: Method, withinMs: number | null, part: Consistency = "strong"): Route => ({
    method: "POST",
    path: `/db/{name}/${part === "strong" ? "data" : "eventual"}/${name}`,
    access,
    bodyBytesMax: CONNECT_LIMITS.bodyBytes,
    withinMs,
    handle: (call) => door.call(name, call, part),
  });
  const exchange = (path: string): Route => ({
    method: "POST",
    path,
    access,
    bodyBytesMax: EXCHANGE_BYTES_MAX,
    handle: (call) => door.exchange(call),
  });
  return [
    ...["/db/{name}", "/db/{name}/", "/"].map(exchange),
    method("snapshot_read", CALL_MS),
    method("atomic_write", CALL_MS),
    method("watch", null),
    method("snapshot_read", CALL_MS, "eventual"),
    method("watch", null, "eventual"),
  ];
}

/** Answers requests of KV Connect. */
class ConnectDoor {
  readonly #options: ConnectOptions;
  readonly #turns = new Turns(RESULTS_BYTES_MAX);
  /** The last revision that a client of this door has written. */
  #written = 0;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  /** Answers the metadata exchange of a database. */
  async exchange(call: HttpCall): Promise<Response> {
    return await answered(async () => {
      const { request } = call;
      const database = this.#database(call);
      const token = this.#authorize(call, database);
      const version = versionOf(await call.body());
      const { nodes, clock } = this.#options;
      // The server behind the port sees the path of a socket in the URL.
      const origin = `http://${request.headers.get("host") ?? ""}`;
      const about = { database, nodes: await nodes(), origin, token, now: clock.wall() };
      return new Response(metadata(version, about), {
        headers: { "content-type": "application/json" },
      });
    });
  }

  /** Answers a request of the data path. */
  async call(method: Method, call: HttpCall, consistency: Consistency): Promise<Response> {
    return await answered(async () => {
      const database = this.#database(call);
      this.#authorize(call, database);
      checkHeaders(call.request, database);
      switch (method) {
        case "snapshot_read":
          return protobuf(
            await snapshotRead(await call.body(), database, this.#read(call, consistency)),
          );
        case "atomic_write":
          return protobuf(
            writeAnswer(await this.#write(batchOf(await call.body(), database), call)),
          );
        case "watch":
          return await this.#watch(database, call);
        default:
          return method satisfies never;
      }
    });
  }

  #database({ params }: HttpCall): Database {
    return new Database(this.#options.cluster, params["name"] ?? DEFAULT_NAME);
  }

  /** The token of the request, which must open the database. */
  #authorize({ request }: HttpCall, { name }: Database): string {
    const wanted = 'Wanted the header "authorization: Bearer TOKEN"';
    const token = bearerOf(request.headers);
    if (token === null) throw unauthorized(`${wanted}, got none`);
    const { tokens = null } = this.#options;
    if (tokens === null || tokens.opens(name, token)) return token;
    throw unauthorized(`${wanted} with a token of the database "${name}", got another token`);
  }

  #read(
    { signal }: HttpCall,
    consistency: Consistency = "strong",
  ): (batch: Batch) => Promise<BatchOutcome> {
    const { store } = this.#options;
    const limits = { timeoutMs: CALL_MS, signal };
    return async (batch) => {
      // Further pages are of the revision of the first one, which every leader has.
      if (consistency === "eventual" && batch.at === 0) {
        const outcome = await execute(store, batch, { ...limits, stale: EVENTUAL_MS });
        // A client sees what it has written.
        if (outcome.type !== "done" || outcome.result.revision >= this.#written) return outcome;
      }
      return await execute(store, batch, limits);
    };
  }

  async #write(batch: Batch, { signal }: HttpCall): Promise<BatchOutcome> {
    const weight = RESULT_BYTES.batch + batch.then.length * RESULT_BYTES.operation;
    return await this.#turns.run(weight, async () => {
      const outcome = await execute(this.#options.store, batch, { timeoutMs: CALL_MS, signal });
      if (outcome.type === "done") {
        this.#written = Math.max(this.#written, outcome.result.revision);
      }
      return outcome;
    });
  }

  async #watch(database: Database, call: HttpCall): Promise<Response> {
    const { store, clock } = this.#options;
    const stream = await openWatch(await call.body(), {
      database,
      read: this.#read(call),
      watch: (keys, options) => store.watch(keys.map((key) => ({ key: keyBytes(key) })), options),
      clock,
      signal: call.signal,
    });
    return new Response(stream, { headers: { "content-type": "application/octet-stream" } });
  }
}

/** A refusal becomes an answer, whatever threw it. */
async function answered(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConnectRefusal) return error.response();
    if (error instanceof HttpProblem) return ConnectRefusal.of(error).response();
    if (error instanceof MalformedMessage) return refusal(error.message).response();
    throw error;
  }
}

/** A client of another cluster, or of one that was made anew, must not be served by this one. */
function checkHeaders({ headers }: Request, database: Database): void {
  const id = headers.get("x-denokv-database-id") ?? headers.get("x-transaction-domain-id");
  if (id !== database.id) {
    throw refusal(`Wanted the database ${database.id}, got ${id ?? "none"}`);
  }
  const version = headers.get("x-denokv-version");
  // The first version has no such header, but some of its clients send it all the same.
  const isKnown = version === null
    ? headers.has("x-transaction-domain-id")
    : /^[123]$/.test(version);
  if (!isKnown) throw refusal(`Wanted version 1, 2 or 3 of KV Connect, got ${version ?? "none"}`);
}

/** Long answers leave in parts, so that joining them holds up nothing else. */
function protobuf(message: ProtoWriter): Response {
  const headers = { "content-type": PROTOBUF };
  if (message.length <= JOINED_BYTES_MAX) return new Response(message.joined(), { headers });
  const parts = message.parts().values();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const { value, done } = parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  const length = { "content-length": `${message.length}` };
  return new Response(body, { headers: { ...headers, ...length } });
}

const JOINED_BYTES_MAX = 2 ** 18;
