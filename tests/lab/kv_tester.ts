/**
 * The lab's helper layer for the key/value store (section 15 of the lab's tests): clients that use
 * strings and the lab's errors, the history of their operations, and the checks of that history.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Clerk } from "../../kv/mod.ts";
import type { NodeId } from "../../raft/mod.ts";
import type { KvInput, KvOutput } from "../checker/mod.ts";
import { execute, KvRecorder } from "../recorder/mod.ts";
import type { Service } from "./service_scenario.ts";

/** The result of the lab's get. */
export type GetOutput = Extract<KvOutput, { readonly op: "get" }>;

/** The result of the lab's put. */
export type PutError = Extract<KvOutput, { readonly op: "put" }>["error"];

/** Client number of the tester's own operations in the history. */
const TESTER = -1;
/** Client number of checked reads in the history. */
const CHECKER = 0;
const UNREACHABLE_MS_MAX = 99;
const ATTEMPT_MS = 5000;

/** One client, which may be cut off from some of the servers. It retries without a deadline. */
export class KvClient {
  readonly clerk: Clerk;
  #reachable: ReadonlySet<NodeId>;

  constructor({ cluster }: Service, servers: readonly NodeId[]) {
    this.#reachable = new Set(servers);
    this.clerk = new Clerk({
      servers: cluster.ids,
      clock: cluster.clientClock,
      random: cluster.random,
      // The lab's calls wait as long as their server runs; a busy machine must not cut one short.
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
    const output = await execute({ op: "get", key }, { clerk: this.clerk, timeoutMs: Infinity });
    assert(output !== "never" && output.op === "get", "A get without a deadline was given up");
    return output;
  }

  async put(key: string, value: string, version: number): Promise<PutError> {
    const output = await execute({ op: "put", key, value, version }, {
      clerk: this.clerk,
      timeoutMs: Infinity,
    });
    assert(output !== "never" && output.op === "put", "A put without a deadline was given up");
    return output.error;
  }
}

/** The clients of one scenario and their history. */
export class KvTester {
  readonly service: Service;
  readonly #recorder: KvRecorder;

  constructor(service: Service) {
    this.service = service;
    this.#recorder = new KvRecorder(() => service.group.now());
  }

  /** A client of the given servers, by default of all. */
  client(servers?: readonly number[]): KvClient {
    return new KvClient(this.service, this.ids(servers ?? this.service.group.servers));
  }

  ids(servers: readonly number[]): readonly NodeId[] {
    return servers.map((server) => this.service.cluster.ids[server]!);
  }

  /** Gets a key and records the operation in the history. */
  async get(client: KvClient, key: string, number = TESTER): Promise<GetOutput> {
    const output = await this.#log({ op: "get", key }, { client, number });
    assert(output.op === "get");
    return output;
  }

  /** Puts a key and records the operation in the history. */
  async put(
    client: KvClient,
    put: Omit<Extract<KvInput, { readonly op: "put" }>, "op">,
    number = TESTER,
  ): Promise<PutError> {
    const output = await this.#log({ op: "put", ...put }, { client, number });
    assert(output.op === "put");
    return output.error;
  }

  /** Puts until one is certain to have been executed; returns the version after it. */
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

  /** Gets a key and fails unless value and version are the given ones. */
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
    if (this.#recorder.judge(limitMs) === "unknown") this.service.report.undecided();
  }

  async #log(
    input: KvInput,
    { client, number }: { readonly client: KvClient; readonly number: number },
  ): Promise<KvOutput> {
    this.service.report.operation();
    const output = await this.#recorder.execute(input, {
      clerk: client.clerk,
      client: number,
      timeoutMs: Infinity,
    });
    assert(output !== "never" && output !== null, `${input.op} without a deadline was given up`);
    return output;
  }
}
