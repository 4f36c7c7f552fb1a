/**
 * Tests of the lab's helper layer, on a cluster whose answers the test sets.
 *
 * @module
 */

import { assert, assertEquals, AssertionError, assertRejects } from "@std/assert";
import { FakeCluster } from "./fake_cluster.ts";
import { decodeNumber, encodeNumber, encodeText } from "../cluster/lab_command.ts";
import { LabGroup } from "./lab_group.ts";
import { isSameBytes } from "../cluster/same_bytes.ts";

function setUp(nodes = 3): { readonly cluster: FakeCluster; readonly group: LabGroup } {
  const cluster = new FakeCluster(nodes);
  return { cluster, group: new LabGroup(cluster, { network: "reliable" }) };
}

function lead(cluster: FakeCluster, server: number, term = 1): void {
  Object.assign(cluster.servers[server]!, { leader: true, term });
}

function blocked(cluster: FakeCluster): readonly string[] {
  return cluster.faults.blocked.map(({ from, to }) => `${from}>${to}`).sort();
}

Deno.test("encodeNumber uses as few bytes as possible, and decodeNumber reverses it", () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 1],
    [255, 1],
    [256, 2],
    [2 ** 31, 4],
    [Number.MAX_SAFE_INTEGER, 7],
  ];
  for (const [value, bytes] of cases) {
    const command = encodeNumber(value);
    assertEquals(command.length, bytes);
    assertEquals(decodeNumber(command), value);
  }
  assertEquals(decodeNumber(encodeText("eight ch")), null);
  assert(!isSameBytes(encodeNumber(1), encodeNumber(256)));
});

Deno.test("one returns the index when enough servers have applied the command", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 2);
  assertEquals(await group.one(encodeNumber(7), { expected: 3, retry: false }), 1);
  assertEquals(cluster.now(), 0);
});

Deno.test("one waits two seconds and fails when it may not retry", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  cluster.servers[1]!.appliesTo = 0;
  await assertRejects(
    () => group.one(encodeNumber(7), { expected: 3, retry: false }),
    AssertionError,
    "Failed to reach agreement on 7 among 3 servers",
  );
  assertEquals([cluster.now(), cluster.log.length], [2_000, 1]);
});

Deno.test("one submits the same command again when it may retry", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  for (const server of cluster.servers) server.appliesTo = 0;
  cluster.clock.after(3_000, () => cluster.servers.forEach((server) => server.appliesTo = 2));
  assertEquals(await group.one(encodeNumber(7), { expected: 3, retry: true }), 2);
  assertEquals(cluster.log.map((command) => decodeNumber(command)), [7, 7]);
});

Deno.test("one polls on when the index holds another command", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  for (const server of cluster.servers) server.appliesTo = 0;
  cluster.clock.after(1_000, () => {
    cluster.log[0] = encodeNumber(8);
    cluster.servers.forEach((server) => server.appliesTo = 2);
  });
  assertEquals(await group.one(encodeNumber(7), { expected: 3, retry: true }), 2);
  assert(cluster.now() >= 2_000);
});

Deno.test("one gives up after ten seconds without a leader", async () => {
  const { cluster, group } = setUp();
  await assertRejects(
    () => group.one(encodeNumber(7), { expected: 1, retry: true }),
    AssertionError,
    "Failed to reach agreement",
  );
  assertEquals(cluster.now(), 10_000);
});

Deno.test("one skips servers that are cut off or down", async () => {
  const { cluster, group } = setUp();
  for (const server of [0, 1, 2]) lead(cluster, server, server + 1);
  await group.disconnect(1);
  await group.crash(2);
  await group.connect(2);
  await group.one(encodeNumber(7), { expected: 1, retry: false });
  assertEquals(cluster.log.length, 1);
  await group.disconnect(0);
  await assertRejects(() => group.one(encodeNumber(8), { expected: 1, retry: true }));
});

Deno.test("one fails when the cluster's own verification fails", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  cluster.trouble = new Error("applied out of order");
  await assertRejects(
    () => group.one(encodeNumber(7), { expected: 3, retry: true }),
    Error,
    "applied out of order",
  );
});

Deno.test("wait polls thirty times and fails when too few servers apply the index", async () => {
  const { cluster, group } = setUp();
  await assertRejects(
    () => group.wait(1, { servers: 1, term: null }),
    AssertionError,
    "Index 1 was applied by 0 servers, wanted by 1",
  );
  // 10, 20, … 640, then 1280 ms each: the 30.7 s of the lab.
  assertEquals(cluster.now(), 10 * 127 + 23 * 1280);
});

Deno.test("wait returns null when a server enters a newer term", async () => {
  const { cluster, group } = setUp();
  cluster.clock.after(100, () => cluster.servers[2]!.term = 5);
  assertEquals(await group.wait(1, { servers: 1, term: 4 }), null);
  assertEquals(cluster.now(), 150);
});

Deno.test("checkOneLeader returns the leader of the newest term among connected servers", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0, 3);
  lead(cluster, 1, 4);
  lead(cluster, 2, 5);
  await group.disconnect(2);
  assertEquals(await group.checkOneLeader(), 1);
  assertEquals(cluster.now(), 500);
});

Deno.test("checkOneLeader fails when a term has two leaders, now or earlier", async () => {
  const both = setUp();
  lead(both.cluster, 0);
  lead(both.cluster, 1);
  await assertRejects(() => both.group.checkOneLeader(), AssertionError, "two leaders");

  const later = setUp();
  lead(later.cluster, 0);
  await later.group.checkOneLeader();
  later.cluster.servers[0]!.leader = false;
  lead(later.cluster, 1);
  await assertRejects(() => later.group.checkOneLeader(), AssertionError, "two leaders");
});

Deno.test("checkOneLeader fails after ten polls without a leader", async () => {
  const { cluster, group } = setUp();
  await assertRejects(() => group.checkOneLeader(), AssertionError, "found none");
  assertEquals(cluster.now(), 5_000);
});

Deno.test("checkNoLeader fails when a connected server claims to lead", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  await assertRejects(() => group.checkNoLeader(), AssertionError, "server 0 leads");
  await group.disconnect(0);
  await group.checkNoLeader();
});

Deno.test("checkTerms fails when connected servers are in different terms", async () => {
  const { cluster, group } = setUp();
  assertEquals(await group.checkTerms(), 1);
  cluster.servers[2]!.term = 2;
  await assertRejects(() => group.checkTerms(), AssertionError, "disagree");
  await group.disconnect(2);
  assertEquals(await group.checkTerms(), 1);
});

Deno.test("committed fails when a server applies another command at an index", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  cluster.servers[2]!.appliesTo = 0;
  await group.one(encodeNumber(7), { expected: 2, retry: false });
  cluster.log[0] = encodeNumber(8);
  cluster.servers[2]!.appliesTo = 1;
  await assertRejects(
    () => group.committed(1),
    AssertionError,
    "Server 2 applied 8 at index 1, where 7 had been applied",
  );
});

Deno.test("committed fails when a restarted cluster applies another command at an index", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  await group.one(encodeNumber(7), { expected: 3, retry: false });
  await group.crashAll();
  await group.startAll();
  cluster.log[0] = encodeNumber(8);
  await assertRejects(() => group.committed(1), AssertionError, "had been applied");
});

Deno.test("committed counts a crashed server until it starts again", async () => {
  const { cluster, group } = setUp();
  lead(cluster, 0);
  await group.one(encodeNumber(7), { expected: 3, retry: false });
  await group.crash(1);
  assertEquals((await group.committed(1)).servers, 3);
  cluster.servers[1]!.appliesTo = 0;
  await group.restart(1);
  assertEquals((await group.committed(1)).servers, 2);
});

Deno.test("connect and disconnect block the links of servers that are not connected", async () => {
  const { cluster, group } = setUp();
  await group.disconnect(0);
  assertEquals(blocked(cluster), ["1>2", "1>3", "2>1", "3>1"]);
  await group.disconnect(1);
  await group.connect(0);
  // Server 1 is not flagged as connected, so nothing connects to it.
  assertEquals(blocked(cluster), ["1>2", "2>1", "2>3", "3>2"]);
  await group.connectAll();
  assertEquals(blocked(cluster), []);
});

Deno.test("restart connects all servers in 2025 and only the restarted server in 2024", async () => {
  for (const [edition, connected] of [["2025", true], ["2024", false]] as const) {
    const cluster = new FakeCluster(3);
    const group = new LabGroup(cluster, { network: "reliable", edition });
    await group.disconnect(0);
    await group.crash(1);
    await group.restart(1);
    assertEquals([group.isConnected(0), group.isConnected(1)], [connected, true]);
  }
});

Deno.test("setLongReordering keeps the other faults of the network", async () => {
  const cluster = new FakeCluster(3);
  const group = new LabGroup(cluster, { network: "unreliable" });
  await group.setLongReordering(true);
  assertEquals([cluster.faults.request.drop, cluster.faults.reply.drop], [0.1, 0.1]);
  assertEquals(cluster.faults.reply.reorder.probability, 2 / 3);
  await group.setReliable(true);
  assertEquals([cluster.faults.request.drop, cluster.faults.reply.drop], [0, 0]);
  assertEquals(cluster.faults.reply.reorder.probability, 2 / 3);
});

Deno.test("background keeps a failure until it is awaited", async () => {
  const { group } = setUp();
  const outcome = group.background(() => Promise.reject(new Error("lost")));
  await group.sleep(100);
  await assertRejects(outcome, Error, "lost");
});

Deno.test("logBytesMax returns the largest of all servers", async () => {
  const { cluster, group } = setUp();
  cluster.logBytes = [10, 30, 20];
  assertEquals(await group.logBytesMax(), 30);
});
