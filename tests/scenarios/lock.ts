/**
 * Lab 2: one server without peers, and the lock built on the clerk (section 21 of the lab's tests).
 *
 * @module
 */

import { assert } from "@std/assert";
import { Lock } from "../../kv/mod.ts";
import type { Scenario } from "../cluster/mod.ts";
import { type KvClient, KvTester, type Service, serviceScenario } from "../lab/mod.ts";

const clients = 10;
const runMs = 1000;
const checkMs = 10_000;
const rounds = 100;
const lockMs = 2000;
const holdMs = 10;
/**
 * The lab uses ten times as many and measures the heap, which is too coarse. This measures the
 * snapshot of the whole state, where even one byte for each client would show.
 */
const memoryClients = 10_000;
const memoryValue = "x".repeat(1000);
const memoryBytesMax = 1100;

async function reliablePut(service: Service): Promise<void> {
  const client = new KvTester(service).client();
  const value = "6.5840";
  assert(await client.put("k", value, 0) === "OK", "The first put of a key failed");
  const found = await client.get("k");
  assert(found.value === value && found.version === 1, `Got ${found.value} v${found.version}`);
  const again = await client.put("k", value, 0);
  assert(again === "ErrVersion", `A put with the wrong version ended with ${again}`);
  const absent = await client.put("y", value, 1);
  assert(absent === "ErrNoKey", `A put to no key ended with ${absent}`);
  const { error } = await client.get("y");
  assert(error === "ErrNoKey", `A get of no key ended with ${error}`);
}

/** On a reliable network the puts that return OK are executed, and no others. */
async function concurrentPuts(service: Service): Promise<void> {
  const { group } = service;
  const tester = new KvTester(service);
  const end = group.now() + runMs;
  const threads = Array.from({ length: clients }, async (_, number) => {
    const client = tester.client();
    let [version, ok] = [0, 0];
    while (group.now() < end) {
      const value = `${number} at ${version}`;
      const error = await tester.put(client, { key: "k", value, version }, number);
      assert(error === "OK" || error === "ErrVersion", `A put ended with ${error}`);
      if (error === "OK") ok++;
      version = (await tester.get(client, "k", number)).version;
    }
    return ok;
  });
  const counts = await Promise.all(threads);
  const total = counts.reduce((sum, ok) => sum + ok, 0);
  const { version } = await tester.get(tester.client(), "k");
  assert(version === total, `Version ${version} after ${total} puts`);
  tester.checkHistory(checkMs);
}

/** A server's state depends on its keys, not on the number of clients. */
async function memory(service: Service): Promise<void> {
  const { cluster } = service;
  const tester = new KvTester(service);
  const all = Array.from({ length: memoryClients }, () => tester.client());
  for (const client of all) {
    const error = await client.put("k", "", 1);
    assert(error === "ErrNoKey", `A put to no key ended with ${error}`);
  }
  for (const [version, client] of all.entries()) {
    const error = await client.put("k", memoryValue, version);
    assert(error === "OK", `Put number ${version} ended with ${error}`);
  }
  const { snapshot } = await cluster.sizes(cluster.ids[0]!);
  assert(
    snapshot > 0 && snapshot <= memoryBytesMax,
    `The state of one key has ${snapshot} bytes after ${memoryClients} clients`,
  );
}

/** A single client can tell for each error whether it is correct. */
async function unreliableNet(service: Service): Promise<void> {
  const tester = new KvTester(service);
  const client = tester.client();
  let maybes = 0;
  for (let version = 0; version < rounds; version++) {
    for (let attempt = 0;; attempt++) {
      const put = { key: "k", value: String(attempt), version };
      const error = await tester.put(client, put, 0);
      if (error === "ErrMaybe") maybes++;
      else {
        const wanted = attempt === 0 ? "OK" : "ErrVersion";
        assert(error === wanted, `Attempt ${attempt} at v${version}: ${error}, wanted ${wanted}`);
        break;
      }
    }
    await tester.checkGet(client, { key: "k", value: "0", version: version + 1 });
  }
  assert(maybes > 0, "No put ever ended with ErrMaybe on an unreliable network");
  tester.checkHistory(checkMs);
}

/** Lock holders write a second key, which shows when two clients hold the lock at once. */
async function lockClients(service: Service, count: number): Promise<void> {
  const { group } = service;
  const tester = new KvTester(service);
  const end = group.now() + lockMs;
  const threads = Array.from({ length: count }, async (_, number) => {
    const client = tester.client();
    const { cluster } = service;
    const lock = new Lock({
      clerk: client.clerk,
      clock: cluster.clientClock,
      random: cluster.random,
      name: "l",
    });
    await client.put("l0", "", 0);
    let held = 0;
    for (; group.now() < end; held++) {
      const { type } = await lock.acquire();
      assert(type === "held", `A lock without a deadline ended with ${type}`);
      await useLock(service, { client, name: String(number) });
      assert(await lock.release(), "A release without a deadline was given up");
    }
    return held;
  });
  const held = await Promise.all(threads);
  const total = held.reduce((sum, times) => sum + times, 0);
  assert(total > 0, "Nobody ever held the lock");
}

async function useLock(
  { group }: Service,
  { client, name }: { client: KvClient; name: string },
): Promise<void> {
  const { error, value, version } = await client.get("l0");
  assert(error === "OK" && value === "", `Two clients hold the lock: ${value} and ${name}`);
  const taken = await client.put("l0", name, version);
  assert(taken === "OK" || taken === "ErrMaybe", `Put of ${name} ended with ${taken}`);
  await group.sleep(holdMs);
  const left = await client.put("l0", "", version + 1);
  assert(left === "OK" || left === "ErrMaybe", `Put of nothing ended with ${left}`);
}

function single(
  name: string,
  title: string,
  options: Partial<Pick<Scenario, "network" | "machine">> & {
    readonly body: (service: Service) => Promise<void>;
  },
): Scenario {
  return serviceScenario({ name, part: "2", title, nodes: 1, machine: "kv", ...options });
}

const network = "unreliable";

/** Section 21, in the lab's order. */
export const singleServerScenarios: readonly Scenario[] = [
  single("TestReliablePut", "One client and reliable Put", { body: reliablePut }),
  single(
    "TestPutConcurrentReliable",
    "Test: many clients racing to put values to the same key",
    { body: concurrentPuts },
  ),
  single("TestMemPutManyClientsReliable", "Test: memory use many put clients", {
    body: memory,
    machine: "kv-snapshots",
  }),
  single("TestUnreliableNet", "One client", { body: unreliableNet, network }),
  single("TestOneClientReliable", "Test: 1 lock clients", { body: (it) => lockClients(it, 1) }),
  single("TestManyClientsReliable", "Test: 10 lock clients", { body: (it) => lockClients(it, 10) }),
  single("TestOneClientUnreliable", "Test: 1 lock clients", {
    body: (it) => lockClients(it, 1),
    network,
  }),
  single("TestManyClientsUnreliable", "Test: 10 lock clients", {
    body: (it) => lockClients(it, 10),
    network,
  }),
];
