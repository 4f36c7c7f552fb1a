/**
 * Labs 4B and 4C: the replicated key/value store, without and with snapshots (sections 15 to 17 of
 * the lab's tests). After every iteration the history of all clients must be linearizable.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Scenario } from "../cluster/mod.ts";
import { type KvClient, KvTester, type Service, serviceScenario } from "../lab/mod.ts";

const electionMs = 1000;
const iterations = 3;
const runMs = 1000;
const checkMs = 1000;
const logBytesMax = 8000;
const snapshotBytesMax = 500;
const keys = 100;
const speedPuts = 1000;
const speedMsMax = speedPuts * 100 / 3;
const completionMs = 3000;

/** Parameters of the generic scenario (section 15.2). */
interface Generic {
  readonly clients: number;
  readonly crash?: boolean;
  readonly partitions?: boolean;
  readonly randomKeys?: boolean;
}

/** Counts of put results. */
interface Counts {
  ok: number;
  maybe: number;
}

interface Flag {
  isSet: boolean;
}

/** Section 15.3: puts and gets of one client until the flag stops it. */
async function clientThread(
  tester: KvTester,
  { number, randomKeys, stop }: { number: number; randomKeys: boolean; stop: Flag },
): Promise<Counts> {
  const client = tester.client();
  const versions = new Map<string, number>();
  const counts: Counts = { ok: 0, maybe: 0 };
  while (!stop.isSet) {
    const key = randomKeys ? `k${tester.service.group.below(keys)}` : "k";
    const outcome = await onePut(tester, { client, number, key, versions });
    counts[outcome]++;
  }
  return counts;
}

/** Retries a put until it was, or may have been, executed; reads the version between attempts. */
async function onePut(
  tester: KvTester,
  { client, number, key, versions }: {
    client: KvClient;
    number: number;
    key: string;
    versions: Map<string, number>;
  },
): Promise<keyof Counts> {
  for (;;) {
    const version = versions.get(key) ?? 0;
    const value = JSON.stringify({ Id: number, V: version });
    const error = await tester.put(client, { key, value, version }, number);
    assert(error !== "ErrNoKey", `Put(${key}) at version ${version} ended with ErrNoKey`);
    const found = await tester.get(client, key, number);
    assert(found.error === "OK", `Get(${key}) ended with ${found.error}`);
    const written = JSON.parse(found.value) as { Id: number; V: number };
    if (error === "OK" && found.version === version + 1) {
      assert(
        written.Id === number || written.V === version,
        `Client ${number} wrote ${value} and read ${found.value}`,
      );
    }
    versions.set(key, found.version);
    if (error === "OK") return "ok";
    if (error === "ErrMaybe") return "maybe";
  }
}

/** Section 15.4: a new random partition of the servers about every second. */
async function partitioner({ group }: Service, stop: Flag): Promise<void> {
  while (!stop.isSet) {
    const sides = group.servers.map(() => group.chance(0.5));
    const left = group.servers.filter((server) => sides[server]);
    const right = group.servers.filter((server) => !sides[server]);
    await group.partition(left, right);
    await group.sleep(electionMs + group.below(200));
  }
}

/** The version that the tester reads must match the number of puts. */
async function checkPuts(
  tester: KvTester,
  { totals, isExact }: { totals: Counts; isExact: boolean },
): Promise<void> {
  const { version } = await tester.get(tester.client(), "k");
  const { ok, maybe } = totals;
  if (isExact) assert(version === ok, `Version ${version} after ${ok} puts`);
  else assert(version <= ok + maybe, `Version ${version} after ${ok} puts and ${maybe} maybe`);
}

async function generic(service: Service, options: Generic): Promise<void> {
  const { clients, crash = false, partitions = false, randomKeys = false } = options;
  const { group, network } = service;
  const tester = new KvTester(service);
  const totals: Counts = { ok: 0, maybe: 0 };
  for (let iteration = 0; iteration < iterations; iteration++) {
    const stop = { isSet: false };
    const stopPartitions = { isSet: false };
    const threads = Array.from(
      { length: clients },
      (_, number) => group.background(() => clientThread(tester, { number, randomKeys, stop })),
    );
    await group.sleep(runMs);
    stop.isSet = true;
    const split = partitions
      ? group.background(() => partitioner(service, stopPartitions))
      : () => Promise.resolve();
    for (const thread of threads) {
      const { ok, maybe } = await thread();
      totals.ok += ok;
      totals.maybe += maybe;
    }
    if (!randomKeys) {
      const isExact = network === "reliable" && !crash && !partitions;
      await checkPuts(tester, { totals, isExact });
    }
    tester.checkHistory(checkMs);
    if (partitions) {
      stopPartitions.isSet = true;
      await split();
      await group.connectAll();
      await group.sleep(electionMs);
    }
    if (crash) await crashAndStart(service);
    await checkSizes(service);
  }
}

async function crashAndStart({ group }: Service): Promise<void> {
  await group.crashAll();
  await group.sleep(electionMs);
  await group.startAll();
}

/** With snapshots the log stays short; without them there is no snapshot. */
async function checkSizes({ cluster, machine }: Service): Promise<void> {
  const sizes = await Promise.all(cluster.ids.map((id) => cluster.sizes(id)));
  const log = Math.max(...sizes.map((size) => size.log));
  const snapshot = Math.max(...sizes.map((size) => size.snapshot));
  if (machine === "kv") {
    assert(snapshot === 0, `A snapshot of ${snapshot} bytes, wanted none`);
  } else {
    assert(log <= logBytesMax, `A log of ${log} bytes, wanted at most ${logBytesMax}`);
  }
}

/** Section 15.5: a thousand puts, one after the other. */
async function speed(service: Service): Promise<void> {
  const { group } = service;
  const client = new KvTester(service).client();
  await client.get("x");
  const begin = group.now();
  for (let version = 0; version < speedPuts; version++) {
    const error = await client.put("k", String(version), version);
    assert(error === "OK", `Put number ${version} ended with ${error}`);
  }
  const ms = group.now() - begin;
  const { error, version } = await client.get("k");
  assert(error === "OK" && version === speedPuts, `After ${speedPuts} puts: ${error} v${version}`);
  assert(ms <= speedMsMax, `${speedPuts} puts took ${ms} ms, wanted at most ${speedMsMax}`);
}

/** Section 16.1. */
async function onePartition(service: Service): Promise<void> {
  const { group, report, cluster } = service;
  const tester = new KvTester(service);
  const everybody = tester.client();
  let version = await tester.putAtLeastOnce(everybody, { key: "1", value: "13" });
  const leader = await group.checkOneLeader();
  const others = group.servers.filter((server) => server !== leader);
  const [majority, minority] = [others.slice(0, 3), [...others.slice(3), leader]];
  await group.partition(majority, minority);
  const outside = tester.client(majority);
  const [writer, reader] = [tester.client(minority), tester.client(minority)];
  version = await tester.putAtLeastOnce(outside, { key: "1", value: "14", version });
  await tester.checkGet(outside, { key: "1", value: "14", version });

  await report.next("Test: no progress in minority (4B)", { passed: true });
  const finished: string[] = [];
  const known = version;
  const put = group.background(async () => {
    const after = await tester.putAtLeastOnce(writer, { key: "1", value: "15", version: known });
    finished.push("put");
    return after;
  });
  const get = group.background(async () => {
    await tester.get(reader, "1");
    finished.push("get");
  });
  await group.sleep(electionMs);
  assert(finished.length === 0, `In the minority a ${finished[0]} completed`);
  await tester.checkGet(outside, { key: "1", value: "14", version });
  version = await tester.putAtLeastOnce(outside, { key: "1", value: "16", version });
  await tester.checkGet(outside, { key: "1", value: "16", version });

  await report.next("Test: completion after heal (4B)", { passed: true });
  await group.connectAll();
  for (const client of [writer, reader]) client.connect(cluster.ids);
  await group.sleep(electionMs);
  const begin = group.now();
  while (!finished.includes("put") && group.now() - begin < completionMs) await group.sleep(20);
  assert(finished.includes("put"), "The put of the minority did not complete after the heal");
  await tester.checkGet(everybody, { key: "1", value: "15", version: await put() });
  await get();
  tester.checkHistory(checkMs);
}

/** Section 17.1. */
async function snapshotRpc(service: Service): Promise<void> {
  const { group, report } = service;
  await report.next("Test: InstallSnapshot RPC (4C)", { passed: false });
  const tester = new KvTester(service);
  const everybody = tester.client();
  const versionA = await tester.putAtLeastOnce(everybody, { key: "a", value: "A" });
  await tester.checkGet(everybody, { key: "a", value: "A", version: versionA });

  await group.partition([0, 1], [2]);
  const first = tester.client([0, 1]);
  for (let key = 0; key < 50; key++) {
    await tester.putAtLeastOnce(first, { key: String(key), value: String(key) });
  }
  await group.sleep(electionMs);
  const versionB = await tester.putAtLeastOnce(first, { key: "b", value: "B" });
  await checkSizes(service);

  // Server 2 must catch up by a snapshot before anything can be committed.
  await group.partition([0, 2], [1]);
  const second = tester.client([0, 2]);
  const versionC = await tester.putAtLeastOnce(second, { key: "c", value: "C" });
  await tester.putAtLeastOnce(second, { key: "d", value: "D" });
  await tester.checkGet(second, { key: "a", value: "A", version: versionA });
  await tester.checkGet(second, { key: "b", value: "B", version: versionB });
  await tester.checkGet(second, { key: "1", value: "1", version: 1 });
  await tester.checkGet(second, { key: "49", value: "49", version: 1 });

  await group.partition([0, 1, 2], []);
  const versionE = await tester.putAtLeastOnce(everybody, { key: "e", value: "E" });
  await tester.checkGet(everybody, { key: "c", value: "C", version: versionC });
  await tester.checkGet(everybody, { key: "e", value: "E", version: versionE });
  await tester.checkGet(everybody, { key: "1", value: "1", version: 1 });
  tester.checkHistory(checkMs);
}

/** Section 17.2: the size of a snapshot must not depend on the number of past writes. */
async function snapshotSize(service: Service): Promise<void> {
  const tester = new KvTester(service);
  const client = tester.client();
  let version = 0;
  for (let round = 0; round < 200; round++) {
    for (const value of ["0", "1"]) {
      version = await tester.putAtLeastOnce(client, { key: "x", value, version });
      await tester.checkGet(client, { key: "x", value, version });
    }
  }
  await checkSizes(service);
  const { cluster } = service;
  const sizes = await Promise.all(cluster.ids.map((id) => cluster.sizes(id)));
  const snapshot = Math.max(...sizes.map((size) => size.snapshot));
  assert(snapshot <= snapshotBytesMax, `A snapshot of ${snapshot} bytes, wanted at most 500`);
  tester.checkHistory(checkMs);
}

interface Row extends Generic {
  readonly nodes?: number;
  readonly network?: Scenario["network"];
  /** The text in brackets after the title. */
  readonly note: string;
}

/** Section 15.1. */
function titleOf(part: string, { note, clients, crash, partitions, randomKeys }: Row): string {
  const words = [
    crash && "restarts",
    partitions && "partitions",
    part === "4C" && "snapshots",
    randomKeys && "random keys",
    clients > 1 ? "many clients" : "one client",
  ].filter(Boolean);
  return `Test: ${words.join(", ")} (${note})`;
}

function row(name: string, options: Row, body = (service: Service) => generic(service, options)) {
  const { nodes = 5, network = "reliable" } = options;
  const part = name.slice(-2);
  const machine = part === "4C" ? "kv-snapshots" : "kv";
  const title = titleOf(part, options);
  return serviceScenario({ name, part, title, nodes, machine, network, body });
}

const crash = true;
const partitions = true;
const randomKeys = true;
const network = "unreliable";

/** Sections 16 and 17, in the lab's order. */
export const kvScenarios: readonly Scenario[] = [
  row("TestBasic4B", { clients: 1, note: "4B basic" }),
  row("TestSpeed4B", { clients: 1, nodes: 3, note: "4B speed" }, speed),
  row("TestConcurrent4B", { clients: 5, note: "4B many clients" }),
  row("TestUnreliable4B", { clients: 5, network, note: "4B many clients" }),
  row(
    "TestOnePartition4B",
    { clients: 1, network, note: "4B progress in majority" },
    onePartition,
  ),
  row("TestManyPartitionsOneClient4B", {
    ...{ clients: 1, partitions },
    note: "4B partitions, one client",
  }),
  row("TestManyPartitionsManyClients4B", {
    ...{ clients: 5, partitions },
    note: "4B partitions, many clients (4B)",
  }),
  row("TestPersistOneClient4B", { clients: 1, crash, note: "4B restarts, one client 4B " }),
  row("TestPersistConcurrent4B", { clients: 5, crash, note: "4B restarts, many clients" }),
  row("TestPersistConcurrentUnreliable4B", {
    ...{ clients: 5, crash, network },
    note: "4B restarts, many clients ",
  }),
  row("TestPersistPartition4B", {
    ...{ clients: 5, crash, partitions },
    note: "4B restarts, partitions, many clients",
  }),
  row("TestPersistPartitionUnreliable4B", {
    ...{ clients: 5, crash, partitions, network },
    note: "4B restarts, partitions, many clients",
  }),
  row("TestPersistPartitionUnreliableLinearizable4B", {
    ...{ clients: 15, nodes: 7, crash, partitions, randomKeys, network },
    note: "4B restarts, partitions, random keys, many clients",
  }),
  row("TestSnapshotRPC4C", { clients: 1, nodes: 3, note: "4C SnapshotsRPC" }, snapshotRpc),
  row(
    "TestSnapshotSize4C",
    { clients: 1, nodes: 3, note: "4C snapshot size is reasonable" },
    snapshotSize,
  ),
  row("TestSpeed4C", { clients: 1, nodes: 3, note: "4C speed" }, speed),
  row("TestSnapshotRecover4C", {
    ...{ clients: 1, crash },
    note: "4C restarts, snapshots, one client",
  }),
  row("TestSnapshotRecoverManyClients4C", {
    ...{ clients: 20, crash },
    note: "4C restarts, snapshots, many clients ",
  }),
  row("TestSnapshotUnreliable4C", {
    ...{ clients: 5, network },
    note: "4C unreliable net, snapshots, many clients",
  }),
  row("TestSnapshotUnreliableRecover4C", {
    ...{ clients: 5, crash, network },
    note: "4C unreliable net, restarts, snapshots, many clients",
  }),
  row("TestSnapshotUnreliableRecoverConcurrentPartition4C", {
    ...{ clients: 5, crash, partitions, network },
    note: "4C unreliable net, restarts, partitions, snapshots, many clients",
  }),
  row("TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable4C", {
    ...{ clients: 15, nodes: 7, crash, partitions, randomKeys, network },
    note: "4C unreliable net, restarts, partitions, snapshots, random keys, many clients",
  }),
];
