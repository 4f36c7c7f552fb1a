/**
 * The load of `kontiki bench`: many clients over some connections, each with one request at a time;
 * beside them a few clients whose operations are recorded and checked afterwards.
 *
 * A client whose outcome is unknown reads its key before it goes on, so a change of leader in the
 * middle of a run costs time but does not end the run.
 *
 * @module
 */

import { type Clerk, decodeReply, encodeRequest, type Reply } from "../../kv/mod.ts";
import { RpcClient } from "../../net/mod.ts";
import { KvRecorder } from "../../tests/recorder/mod.ts";
import { Histogram } from "./histogram.ts";
import { parseEndpoint } from "../cluster/mod.ts";
import { leaderOf } from "../table/mod.ts";
import type { Session } from "../table/mod.ts";

/** The settings of a load. */
export type LoadKind = "put" | "get";

/** The clients of the load. */
export interface LoadOptions {
  readonly kind: LoadKind;
  /** Number of connections, over which the clients are spread. */
  readonly connections: LeaderConnections;
  readonly clients: readonly LoadClient[];
  /** The time before the measurement, in which caches warm up. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly signal: AbortSignal;
}

/** The results of a load. */
export interface LoadResult {
  readonly kind: LoadKind;
  readonly operations: number;
  readonly failures: number;
  readonly seconds: number;
  readonly times: Histogram;
}

/** A client of the load: its key, its value, and the version it last wrote. */
export class LoadClient {
  readonly key: string;
  readonly value: Uint8Array;
  readonly get: Uint8Array;
  /** The version; `null` while it is unknown and must be read. */
  version: number | null = null;

  constructor(key: string, value: Uint8Array) {
    this.key = key;
    this.value = value;
    this.get = encodeRequest({ type: "get", key });
  }
}

const callMsMax = 5000;
/** The pause after an answer without success, in which a leader may be elected. */
const failurePauseMs = 20;

/** Connections to the leader. */
export class LeaderConnections {
  readonly #session: Session;
  readonly #count: number;
  #endpoint: string | null = null;
  #clients: readonly RpcClient[] = [];
  #following: Promise<void> | null = null;

  constructor(session: Session, count: number) {
    this.#session = session;
    this.#count = count;
  }

  /** The connection of a client. */
  at(place: number): RpcClient {
    return this.#clients[place % this.#clients.length]!;
  }

  /** Connects to the leader after a pause, in which one may be elected. */
  follow(): Promise<void> {
    this.#following ??= this.#follow().finally(() => this.#following = null);
    return this.#following;
  }

  /** Connects for the first time; returns the number of connections that failed. */
  async open(): Promise<number> {
    await this.#connect();
    const made = await Promise.all(this.#clients.map((client) => client.connect()));
    return this.#count - made.filter((connection) => connection !== null).length;
  }

  /** Closes all connections. */
  close(): void {
    for (const client of this.#clients) client.close();
  }

  async #follow(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, failurePauseMs));
    await this.#connect();
  }

  async #connect(): Promise<void> {
    const leader = leaderOf(await this.#session.reports());
    const node = this.#session.nodes.find(({ id }) => id !== null && id === leader?.id);
    const endpoint = node?.endpoint;
    if (endpoint === undefined || endpoint === this.#endpoint) return;
    this.close();
    this.#endpoint = endpoint;
    const server = parseEndpoint(endpoint);
    this.#clients = Array.from({ length: this.#count }, () => new RpcClient({ server }));
  }
}

/** Runs the load until its time is over. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { kind, connections, clients, warmUpMs, durationMs, signal } = options;
  const times = new Histogram();
  let failures = 0;
  const begin = performance.now() + warmUpMs;
  const end = begin + durationMs;
  const runClient = async (client: LoadClient, place: number): Promise<void> => {
    while (!signal.aborted) {
      const connection = connections.at(place);
      const start = performance.now();
      if (start >= end) return;
      const isDone = kind === "get" || client.version === null
        ? await sendGet(client, connection)
        : await sendPut(client, connection);
      const now = performance.now();
      if (isDone) {
        if (start >= begin && now <= end) times.add(now - start);
        continue;
      }
      if (start >= begin) failures += 1;
      await connections.follow();
    }
  };
  await Promise.all(clients.map((client, place) => runClient(client, place)));
  return { kind, operations: times.count, failures, seconds: durationMs / 1000, times };
}

async function sendPut(client: LoadClient, connection: RpcClient): Promise<boolean> {
  const version = client.version!;
  const request = encodeRequest({ type: "put", key: client.key, value: client.value, version });
  const reply = await ask(connection, request);
  const isStored = reply?.type === "stored";
  client.version = isStored ? version + 1 : null;
  return isStored;
}

async function sendGet(client: LoadClient, connection: RpcClient): Promise<boolean> {
  const reply = await ask(connection, client.get);
  if (reply?.type === "value") client.version = reply.version;
  else if (reply?.type === "noKey") client.version = 0;
  else return false;
  return true;
}

async function ask(connection: RpcClient, request: Uint8Array): Promise<Reply | null> {
  const outcome = await connection.call(request, { withinMs: callMsMax });
  const payload = outcome.kind === "replied" ? outcome.payload : null;
  return payload instanceof Uint8Array ? decodeReply(payload) : null;
}

/** Clients whose operations are recorded while the load runs. */
export class Sample {
  readonly #recorder = new KvRecorder(() => performance.now());
  readonly #clerk: Clerk;
  readonly #random: () => number;
  readonly #prefix: string;

  constructor(clerk: Clerk, { random, prefix }: { random: () => number; prefix: string }) {
    this.#clerk = clerk;
    this.#random = random;
    this.#prefix = prefix;
  }

  /** The operations recorded so far. */
  get operations(): KvRecorder["history"] {
    return this.#recorder.history;
  }

  /** Runs a few clients on a few common keys until it is stopped. */
  async run(signal: AbortSignal): Promise<void> {
    const clients = Array.from({ length: 12 }, (_, at) => at);
    await Promise.all(clients.map((client) => this.#runClient(client, signal)));
  }

  async #runClient(client: number, signal: AbortSignal): Promise<void> {
    const act = { clerk: this.#clerk, client, timeoutMs: callMsMax };
    const seen = new Map<string, number>();
    for (let count = 0; !signal.aborted; count++) {
      const key = `${this.#prefix}${Math.floor(this.#random() * 4)}`;
      const version = seen.get(key) ?? 0;
      const output = await this.#recorder.execute(
        this.#random() < 0.5
          ? { op: "get", key }
          : { op: "put", key, value: `${client}.${count}`, version },
        act,
      );
      if (output !== "never" && output?.op === "get") seen.set(key, output.version);
      await new Promise((resolve) => setTimeout(resolve, 2 + this.#random() * 8));
    }
  }
}
