/**
 * The HTTP port of a node or of a local cluster: HTTP/1.1 and HTTP/2 by the server of the runtime,
 * behind a gate that bounds its connections.
 *
 * Invariants: requests, streams, bodies and connections are bounded; every call ends by its time
 * limit or with its client; no handler's failure reaches more than its own request.
 *
 * @module
 */

import { listenPrivately, removeSocket } from "../rpc/mod.ts";
import { type Address, Refusals } from "../wire/mod.ts";
import { BodyBudget, Call } from "./call.ts";
import { Gate } from "./gate.ts";
import { Guard } from "./guard.ts";
import { HttpProblem } from "./problem.ts";
import { type Match, type Route, Router } from "./router.ts";

/** Limits of a door. Tests make them tiny. */
export interface DoorLimits {
  /** The greatest number of connections. Each takes three file descriptors. @default {128} */
  readonly connectionsMax: number;
  /** Connections that are being refused at that limit; each takes one descriptor. @default {128} */
  readonly refusedMax: number;
  /** How long they may take to read the refusal. @default {1_000} */
  readonly refusalMsMax: number;
  /** A connection on which the server says nothing for so long is closed. @default {60_000} */
  readonly silenceMsMax: number;
  /** At the limit of connections, the silence after which one makes room. @default {12_000} */
  readonly silenceMsMin: number;
  /** Requests under way. @default {1024} */
  readonly callsMax: number;
  /** Streams that are open. @default {256} */
  readonly streamsMax: number;
  /** The time limit of a call that is no stream. @default {10_000} */
  readonly callMsMax: number;
  /** Bytes of all bodies that are held. @default {64 MiB} */
  readonly bodyBytesTotalMax: number;
  /** The longest path with its query. @default {16 KiB} */
  readonly targetBytesMax: number;
  /** The longest headers, all together. @default {16 KiB} */
  readonly headerBytesMax: number;
}

/** The default of every limit. */
export const DOOR_LIMITS: DoorLimits = {
  connectionsMax: 128,
  refusedMax: 128,
  refusalMsMax: 1_000,
  silenceMsMax: 60_000,
  silenceMsMin: 12_000,
  callsMax: 1024,
  streamsMax: 256,
  callMsMax: 10_000,
  bodyBytesTotalMax: 64 * 2 ** 20,
  targetBytesMax: 16 * 1024,
  headerBytesMax: 16 * 1024,
};

/** Options of {@linkcode openDoor}. */
export interface DoorOptions {
  /** Where to listen; port 0 takes a free one. */
  readonly listener: Deno.Listener;
  /** Where the server behind the gate listens: the path of a Unix socket that is made. */
  readonly socket: string;
  readonly routes: readonly Route[];
  /** The token that is wanted; `null`: none is. */
  readonly token: string | null;
  /** The names under which clients know this machine, besides `localhost`. */
  readonly names: readonly string[];
  /** Receives a line for each refusal that is logged, and each failure of this program. */
  readonly log: (line: string) => void;
  readonly limits?: Partial<DoorLimits>;
}

/** What a door holds and has done. */
export interface DoorLoad {
  readonly connections: number;
  readonly calls: number;
  readonly streams: number;
  readonly bodyBytes: number;
  /** Requests answered since the start, by status code. */
  readonly answered: Readonly<Record<number, number>>;
}

/** A request that was admitted. */
interface Incoming {
  readonly request: Request;
  readonly match: Match;
  readonly query: string;
  /** Settles when the answer has left, or cannot. */
  readonly completed: Promise<void>;
}

const SWEEP_MS = 100;
const CLOSE_MS_MAX = 500;

/** What every answer forbids a browser; a page brings a policy of its own. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  // An older runtime compresses answers unless told not to, and weakens their entity tags.
  ["cache-control", "no-store, no-transform"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/** Opens a door; resolves when it serves. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const door = new Door(options);
  await door.open();
  return door;
}

/** An open door. */
export class Door {
  readonly #options: DoorOptions;
  readonly #limits: DoorLimits;
  readonly #router: Router;
  readonly #guard: Guard;
  readonly #refusals: Refusals;
  readonly #budget: BodyBudget;
  readonly #calls = new Set<Call>();
  readonly #streams = new Set<Call>();
  readonly #answered = new Map<number, number>();
  readonly #ending = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #server: Deno.HttpServer<Deno.UnixAddr> | null = null;
  #gate: Gate | null = null;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#limits = { ...DOOR_LIMITS, ...options.limits };
    this.#router = new Router(options.routes);
    this.#guard = new Guard({ ...options, ...this.#limits });
    this.#refusals = new Refusals({ log: options.log, now: () => performance.now() });
    this.#budget = new BodyBudget(this.#limits.bodyBytesTotalMax);
  }

  /** Where it listens. */
  get address(): Address {
    const { hostname, port } = this.#options.listener.addr as Deno.NetAddr;
    return { hostname, port };
  }

  /** What it holds and has done. */
  load(): DoorLoad {
    return {
      connections: this.#gate?.connections ?? 0,
      calls: this.#calls.size,
      streams: this.#streams.size,
      bodyBytes: this.#budget.bytes,
      answered: Object.fromEntries(this.#answered),
    };
  }

  /** How often a connection was refused, by reason. */
  refusals(): Readonly<Record<string, number>> {
    return this.#refusals.counts();
  }

  /** Begins to serve. {@linkcode openDoor} calls it. */
  async open(): Promise<void> {
    const { listener, socket } = this.#options;
    this.#server = await listenPrivately(socket, (path) =>
      Deno.serve({
        path,
        signal: this.#ending.signal,
        onListen: () => {},
        onError: (error) => this.#failed(error).response(),
      }, (request, { completed }) => this.#serve(request, completed)));
    this.#gate = new Gate({
      ...this.#limits,
      listener,
      refusals: this.#refusals,
      connect: () => Deno.connect({ transport: "unix", path: socket }),
    });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Ends all calls and connections, soon in any case. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const call of [...this.#calls, ...this.#streams]) call.abort({ isTimeUp: false });
    this.#gate?.close();
    const server = this.#server;
    if (server === null) return this.#options.listener.close();
    this.#ending.abort();
    // A handler may hang; its client is gone by now.
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(() => patience.resolve(), CLOSE_MS_MAX);
    await Promise.race([server.finished, patience.promise]).finally(() => clearTimeout(timer));
    await removeSocket(this.#options.socket);
  }

  async #serve(request: Request, completed: Promise<void>): Promise<Response> {
    // A client that goes away before its answer has left rejects it, which must not end the process.
    completed.catch(() => {});
    const response = await this.#answer(request, completed);
    this.#answered.set(response.status, (this.#answered.get(response.status) ?? 0) + 1);
    for (const [name, value] of SECURITY_HEADERS) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    return response;
  }

  async #answer(request: Request, completed: Promise<void>): Promise<Response> {
    try {
      const { path, query } = this.#guard.admit(request);
      if (request.method === "OPTIONS") {
        return new Response(null, { status: 204, headers: { allow: this.#router.allowed(path) } });
      }
      const match = this.#router.match(request.method, path);
      if (match.route.access !== "open") this.#guard.authorize(request);
      return await this.#call({ request, match, query, completed });
    } catch (error) {
      return (error instanceof HttpProblem ? error : this.#failed(error)).response();
    }
  }

  async #call({ request, match, query, completed }: Incoming): Promise<Response> {
    const { callMsMax, callsMax, streamsMax } = this.#limits;
    const { withinMs = callMsMax, handle } = match.route;
    const isStream = withinMs === null;
    const [holder, max] = isStream ? [this.#streams, streamsMax] : [this.#calls, callsMax];
    if (holder.size >= max) {
      throw new HttpProblem("overloaded", `${holder.size} requests are under way`, {
        headers: { "retry-after": "1" },
      });
    }
    const endsAt = isStream ? Infinity : performance.now() + withinMs;
    const call = new Call({ request, match, query, budget: this.#budget, endsAt });
    holder.add(call);
    const end = (): void => {
      holder.delete(call);
      if (isStream) call.abort({ isTimeUp: false });
    };
    try {
      const response = await handle(call);
      // The runtime settles this when the last byte has left, or the client is gone.
      if (isStream) completed.then(end, end);
      else end();
      return response;
    } catch (error) {
      end();
      throw error;
    } finally {
      call.finish();
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const call of this.#calls) if (call.endsAt <= now) call.abort({ isTimeUp: true });
  }

  /** A failure of this program is logged, and says nothing to the client. */
  #failed(error: unknown): HttpProblem {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#options.log(`a request over HTTP failed: ${text}`);
    return new HttpProblem("internal", "The log of the node says more");
  }
}
