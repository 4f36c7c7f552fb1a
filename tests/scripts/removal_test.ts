/**
 * Servers that are removed from their cluster end by themselves, as their processes do: when that is
 * committed, and not before.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { partition } from "../../net/mod.ts";
import { Configuration, type NodeId, type TargetMembers } from "../../raft/mod.ts";
import { SimCluster, Trace, type TraceEvent } from "../sim/mod.ts";

/** Longer than the election timeout of these servers, and the time for their last messages. */
const SOON_MS = 2_000;

function targetOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): TargetMembers {
  const membersOf = (ids: readonly NodeId[]) => Configuration.of(ids).members.voters;
  return { voters: membersOf(voters), learners: membersOf(learners) };
}

/** A cluster of voters, of which the first three belong to it at first, and its leader. */
async function begin(
  seed: number,
  { nodes, take = () => {} }: {
    readonly nodes: number;
    readonly take?: (atMs: number, event: TraceEvent) => void;
  },
): Promise<{ cluster: SimCluster; leader: NodeId }> {
  const cluster = new SimCluster({
    ...{ seed, nodes, voters: 3, machine: "log", raft: { profile: "production" }, tickMs: 25 },
    trace: new Trace({ take }),
  });
  for (const id of cluster.ids) await cluster.start(id);
  return { cluster, leader: await leaderOf(cluster) };
}

async function leaderOf(cluster: SimCluster): Promise<NodeId> {
  for (let ms = 0; ms < 10_000; ms += 10) {
    await cluster.sleep(10);
    const leader = cluster.ids.find((id) => cluster.leads(id));
    if (leader !== undefined) return leader;
  }
  throw new Error("no leader");
}

/** Changes the members and waits until that is committed. */
async function change(cluster: SimCluster, leader: NodeId, target: TargetMembers): Promise<void> {
  while (!cluster.changeMembers(leader, target)) await cluster.sleep(10);
  for (;;) {
    await cluster.sleep(5);
    const status = cluster.ids.map((id) => cluster.look(id)).find((look) =>
      look?.role === "leader"
    );
    if (!status || status.membersIndex > status.commit) continue;
    if (status.members.outgoing.length === 0) return;
  }
}

Deno.test("a follower that is removed ends, and ends again when it is started again (M7)", async () => {
  const { cluster, leader } = await begin(1, { nodes: 3 });
  const [removed, other] = cluster.ids.filter((id) => id !== leader) as [NodeId, NodeId];
  await change(cluster, leader, targetOf([leader, other]));
  await cluster.sleep(SOON_MS);
  assertEquals(cluster.ids.filter((id) => cluster.isRunning(id)).length, 2);
  assertEquals(cluster.isRunning(removed), false);
  const before = cluster.look(leader);
  await cluster.start(removed);
  await cluster.sleep(2 * SOON_MS);
  assertEquals(cluster.isRunning(removed), false, "it heard of its removal by its pre-vote");
  const after = cluster.look(leader);
  assertEquals([after?.role, after?.term], ["leader", before?.term], "it disturbs nobody");
  await cluster.verify();
  await cluster.close();
});

Deno.test("a leader that is removed hands over, and ends after that (M6, M7)", async () => {
  let ledUntilMs = 0;
  let leadsAgainMs = Infinity;
  const reported: (string | undefined)[] = [];
  let isRemoving = false;
  const take = (atMs: number, event: TraceEvent): void => {
    if (!isRemoving) return;
    if (event.kind === "note" && event.text === "is no member any more") {
      reported.push(`n${event.node} ${cluster.look(event.node)?.role}`);
    }
    if (event.kind !== "state" || event.status.role !== "leader") return;
    if (event.status.id === leader) ledUntilMs = atMs;
    else leadsAgainMs = Math.min(leadsAgainMs, atMs);
  };
  const { cluster, leader } = await begin(2, { nodes: 3, take });
  isRemoving = true;
  const rest = targetOf(cluster.ids.filter((id) => id !== leader));
  while (!cluster.changeMembers(leader, rest)) await cluster.sleep(10);
  // Commands behind the removal: it is committed before the next leader has all of the log.
  while (cluster.leads(leader)) {
    for (let count = 0; count < 3; count++) cluster.submit(leader, new Uint8Array(10));
    await cluster.sleep(1);
  }
  await cluster.sleep(SOON_MS);
  assertEquals(cluster.isRunning(leader), false);
  assertEquals(reported, [`n${leader} follower`], "it is reported when it leads no more");
  assertLess(leadsAgainMs - ledUntilMs, 50, "the next leader was asked, and waited for no timeout");
  await cluster.verify();
  await cluster.close();
});

Deno.test("a server whose removal is not committed goes on (M7)", async () => {
  const { cluster, leader } = await begin(3, { nodes: 4 });
  await change(cluster, leader, targetOf([1, 2, 3], [4]));
  const rest = [1, 2, 3].filter((id) => id !== leader);
  cluster.disturb({ blocked: partition([[leader, 4], rest]) });
  assert(cluster.changeMembers(leader, targetOf([1, 2, 3])));
  await cluster.sleep(SOON_MS);
  // The learner had the entry that removes it in its log for a while, and the next leader cuts it off.
  cluster.heal();
  await cluster.sleep(2 * SOON_MS);
  assertEquals(cluster.ids.filter((id) => cluster.isRunning(id)), [1, 2, 3, 4]);
  const now = cluster.look(await leaderOf(cluster))!.members;
  assertEquals(now.learners.map(({ id }) => id), [4]);
  await cluster.verify();
  await cluster.close();
});
