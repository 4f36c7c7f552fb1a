/**
 * The lab's helper layer for the key/value store (section 15 of the lab's tests): clients that speak
 * in strings and the lab's errors, the history of what they did, and the checks on it.
 *
 * @module
 */

import { assert, AssertionError } from "@std/assert";
import { Clerk, type PutResult } from "../../kv/mod.ts";
import type { NodeId } from "../../raft/types.ts";
import { type KvInput, kvModel, type KvOutput } from "./kv_model.ts";
import { check, type Operation } from "./linearizability.ts";
import type { Service } from "./service_scenario.ts";
import { timelinePage } from "./timeline.ts";

/** What the lab's get returns. */
export type GetOutput = Extract<KvOutput, { readonly op: "get" }>;

/** What the lab's put returns. */
export type PutError = Extract<KvOutput, { readonly op: "put" }>["error"];

/** Who the tester's own operations are logged as. */
export const TESTER = -1;
/** Who checked reads are logged as. */
const CHECKER = 0;
const UNREACHABLE_MS_MAX = 99;
const ATTEMPT_MS = 5000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const ERRORS: Partial<Record<PutResult, PutError>> = {
  stored: "OK",
  noKey: "ErrNoKey",
  wrongVersion: "ErrVersion",
  maybe: "ErrMaybe",
};

/** One client, which may be cut from some of the servers. It never gives up. */
export class KvClient {
  readonly clerk: Clerk;
  #reachable: ReadonlySet<NodeId>;

  constructor({ cluster }: Service, servers: readonly NodeId[]) {
    this.#reachable = new Set(servers);
    this.clerk = new Clerk({
      servers: cluster.ids,
      clock: cluster.clientClock,
      random: cluster.random,
      // The lab's calls wait as long as their server lives; a busy machine must not cut one short.
      attemptMs: ATTEMPT_MS,
      call: async (id, request, deadline) => {
        if (this.#reachable.has(id)) return await cluster.call(id, request, deadline);
        await cluster.sleep(cluster.random() * UNREACHABLE_MS_MAX);
        return null;
      },
    });
  }

  /** Lets the client talk to these servers and no others. */
  connect(servers: readonly NodeId[]): void {
    this.#reachable = new Set(servers);
  }

  async get(key: string): Promise<GetOutput> {
    const found = await this.clerk.get(key);
    switch (found.type) {
      case "value": {
        const { version } = found;
        return { op: "get", error: "OK", value: decoder.decode(found.value), version };
      }
      case "noKey":
        return { op: "get", error: "ErrNoKey", value: "", version: 0 };
      default:
        throw new AssertionError(`A get without a deadline ended with ${found.type}`);
    }
  }

  async put(key: string, value: string, version: number): Promise<PutError> {
    const result = await this.clerk.put(key, encoder.encode(value), { version });
    const error = ERRORS[result];
    assert(error !== undefined, `A put without a deadline ended with ${result}`);
    return error;
  }
}

/** The clients of one scenario and their history. */
export class KvTester {
  readonly service: Service;
  readonly #history: Operation<KvInput, KvOutput>[] = [];

  constructor(service: Service) {
    this.service = service;
  }

  /** A client of all servers, or of these. */
  client(servers?: readonly number[]): KvClient {
    return new KvClient(this.service, this.ids(servers ?? this.service.group.servers));
  }

  ids(servers: readonly number[]): readonly NodeId[] {
    return servers.map((server) => this.service.cluster.ids[server]!);
  }

  /** A get that goes into the history. */
  async get(client: KvClient, key: string, number = TESTER): Promise<GetOutput> {
    return await this.#log(number, { op: "get", key }, () => client.get(key));
  }

  /** A put that goes into the history. */
  async put(
    client: KvClient,
    { key, value, version }: Omit<Extract<KvInput, { readonly op: "put" }>, "op">,
    number = TESTER,
  ): Promise<PutError> {
    const input = { op: "put", key, value, version } as const;
    const output = await this.#log(number, input, async () => {
      return { op: "put", error: await client.put(key, value, version) } as const;
    });
    return output.error;
  }

  /** Puts until one is certain to have been executed; the version after it. */
  async putAtLeastOnce(
    client: KvClient,
    { key, value, version = 0 }: { key: string; value: string; version?: number },
  ): Promise<number> {
    for (;;) {
      const error = await this.put(client, { key, value, version });
      if (error === "OK") return version + 1;
      if (error === "ErrNoKey") {
        assert(version === 0, `Put(${key}) at version ${version} ended with ErrNoKey`);
      } else version++;
    }
  }

  /** A get that must find exactly this. */
  async checkGet(
    client: KvClient,
    { key, value, version }: { key: string; value: string; version: number },
  ): Promise<void> {
    const found = await this.get(client, key, CHECKER);
    const isRight = found.error === "OK" && found.value === value && found.version === version;
    assert(
      isRight,
      `Get(${key}): got ${found.error} ${found.value} v${found.version}, ` +
        `wanted ${value} v${version}`,
    );
  }

  /** Section 18.3: the history since the test began must be linearizable. */
  checkHistory(limitMs: number): void {
    const deadline = performance.now() + limitMs;
    const result = check(kvModel, this.#history, { now: () => performance.now(), deadline });
    if (result.verdict === "ok") return;
    if (result.verdict === "unknown") return this.service.report.undecided();
    const places = result.failure?.operations ?? [];
    const lines = places.map((place) => {
      const { client, call, return: end, input, output } = this.#history[place]!;
      return `[${call.toFixed(2)} .. ${end?.toFixed(2)}] client ${client}: ${
        kvModel.describe(input, output)
      }`;
    });
    const timeline = {
      title: `history of ${this.#history.length} operations`,
      model: kvModel,
      operations: this.#history,
      annotations: [],
    };
    const path = Deno.makeTempFileSync({ prefix: "kontiki-history-", suffix: ".html" });
    Deno.writeTextFileSync(path, timelinePage(timeline, result));
    lines.push(`its picture: ${path}`);
    throw new AssertionError(["history is not linearizable", ...lines].join("\n"));
  }

  async #log<Output extends KvOutput>(
    client: number,
    input: KvInput,
    run: () => Promise<Output>,
  ): Promise<Output> {
    this.service.report.operation();
    const { group } = this.service;
    const call = group.now();
    const output = await run();
    this.#history.push({ client, call, return: group.now(), input, output });
    return output;
  }
}
